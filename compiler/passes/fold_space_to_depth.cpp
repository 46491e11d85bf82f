// SPDX-License-Identifier: Apache-2.0
// Needs: explicit pads and one form of Slice (raise-opset, canonicalise). Guarantees: nothing.
//
// A convolution over the s x s phases of an image (detectors begin so: "focus", SpaceToDepth) is a convolution of the
// image itself with an s times larger kernel and stride: the phase (dy, dx) is every s-th tap from (dy, dx) on.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

// The value is source[.., start_h + step_h * y, start_w + step_w * x].
struct Phase {
  ValueId source;
  std::array<int64_t, 2> start{0, 0}, step{1, 1};
};

// One Slice back, or false when it does something else than take every step-th row or column to the end.
bool step_back(const Graph& graph, Phase& phase) {
  const Node* slice = producer_of(graph, phase.source);
  if (!slice || !is_op(*slice, "Slice")) return false;
  const Tensor* starts = constant_of(graph, *slice, 1);
  const Tensor* ends = constant_of(graph, *slice, 2);
  const Tensor* axes = constant_of(graph, *slice, 3);
  const Tensor* steps = constant_of(graph, *slice, 4);
  const auto shape = shape_of(graph, slice->inputs[0]);
  if (!starts || !ends || !axes || !steps || !shape || shape->size() != 4) return false;
  const auto start = starts->to_ints(), end = ends->to_ints(), axis = axes->to_ints(), step = steps->to_ints();
  for (size_t i = 0; i < axis.size(); ++i) {
    const int64_t a = axis[i] < 0 ? axis[i] + 4 : axis[i];
    if (a != 2 && a != 3) return false;
    const auto side = static_cast<size_t>(a - 2);
    if (step[i] < 1 || start[i] < 0 || end[i] < (*shape)[static_cast<size_t>(a)]) return false;
    phase.start[side] = start[i] + step[i] * phase.start[side];
    phase.step[side] *= step[i];
  }
  phase.source = slice->inputs[0];
  return true;
}

// The phases of one image in the order of their channels.
std::vector<Phase> phases_of(const Graph& graph, const Node& node) {
  std::vector<Phase> phases;
  if (is_op(node, "SpaceToDepth")) {
    const int64_t size = node.int_attr("blocksize", 0);
    for (int64_t i = 0; i < size * size; ++i) phases.push_back({node.inputs[0], {i / size, i % size}, {size, size}});
  } else if (is_op(node, "Concat") && (node.int_attr("axis", 0) == 1 || node.int_attr("axis", 0) == -3)) {
    for (ValueId input : node.inputs) {
      Phase phase{input};
      while (step_back(graph, phase)) continue;
      phases.push_back(phase);
    }
  }
  return phases;
}

// Why these are not all phases of one image, or empty.
std::string reject(const Graph& graph, const std::vector<Phase>& phases, const Node& conv) {
  const auto shape = shape_of(graph, phases[0].source);
  if (!shape || shape->size() != 4) return "the image's size is not known";
  const auto step = phases[0].step;
  if (step[0] * step[1] < 2 || static_cast<int64_t>(phases.size()) != step[0] * step[1]) return "not all phases are there";
  std::vector<bool> seen(phases.size());
  for (const Phase& phase : phases) {
    if (phase.source != phases[0].source || phase.step != step) return "the parts are of different images";
    if (phase.start[0] >= step[0] || phase.start[1] >= step[1]) return "a part does not begin in the first block";
    seen[static_cast<size_t>(phase.start[0] * step[1] + phase.start[1])] = true;
  }
  if (!std::ranges::all_of(seen, [](bool s) { return s; })) return "not all phases are there";
  if ((*shape)[2] % step[0] != 0 || (*shape)[3] % step[1] != 0) return "the image is no whole number of blocks";
  const Tensor* weights = constant_of(graph, conv, 1);
  if (!weights || weights->dtype() != DType::Float32) return "the weights are not constant";
  if (conv.int_attr("group", 1) != 1 || conv.find_attr("auto_pad")) return "the convolution is grouped or has no explicit pads";
  if (conv.ints_attr("dilations", {1, 1}) != std::vector<int64_t>{1, 1}) return "the convolution is dilated";
  return "";
}

Tensor spread(const Tensor& weights, const std::vector<Phase>& phases) {
  const Shape& w = weights.shape();
  const auto [sh, sw] = phases[0].step;
  const int64_t out = w[0], channels = w[1] / static_cast<int64_t>(phases.size()), kh = w[2], kw = w[3];
  Tensor wide(DType::Float32, {out, channels, kh * sh, kw * sw});
  const auto from = weights.data<float>();
  const auto to = wide.mutable_data<float>();
  for (int64_t o = 0; o < out; ++o)
    for (int64_t j = 0; j < w[1]; ++j) {
      const Phase& phase = phases[static_cast<size_t>(j / channels)];
      for (int64_t y = 0; y < kh; ++y)
        for (int64_t x = 0; x < kw; ++x) {
          const int64_t row = ((o * channels + j % channels) * kh + y) * sh + phase.start[0];
          to[static_cast<size_t>(row * kw * sw + x * sw + phase.start[1])] = from[static_cast<size_t>(((o * w[1] + j) * kh + y) * kw + x)];
        }
    }
  return wide;
}

void scale_attr(Node& node, const char* name, const std::vector<int64_t>& fallback, std::array<int64_t, 2> step) {
  std::vector<int64_t> values = node.ints_attr(name, fallback);
  for (size_t i = 0; i < values.size(); ++i) values[i] *= step[i % 2];
  node.attrs[name] = values;
}

}  // namespace

Status fold_space_to_depth(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const std::vector<Phase> phases = phases_of(graph, graph.node(id));
    if (phases.empty() || phases[0].step == std::array<int64_t, 2>{1, 1}) continue;
    const NodeId reader = graph.single_consumer(graph.node(id).outputs[0]);
    if (reader == kNone || !is_op(graph.node(reader), "Conv") || graph.node(reader).inputs[0] != graph.node(id).outputs[0]) {
      context.missed(graph.node(id), "its phases are not read by one convolution alone");
      continue;
    }
    if (const std::string why = reject(graph, phases, graph.node(reader)); !why.empty()) {
      context.missed(graph.node(id), why);
      continue;
    }
    const ValueId old = graph.node(reader).inputs[1];
    const ValueId wide = graph.add_constant(names.unique(graph.value(old).name + "_wide"), spread(*graph.value(old).constant, phases));
    Node& conv = graph.node(reader);
    conv.inputs[0] = phases[0].source;
    conv.inputs[1] = wide;
    const Shape& kernel = graph.value(wide).constant->shape();
    conv.attrs["kernel_shape"] = std::vector<int64_t>{kernel[2], kernel[3]};
    scale_attr(conv, "strides", {1, 1}, phases[0].step);
    scale_attr(conv, "pads", {0, 0, 0, 0}, phases[0].step);
    absorb_origin(conv, graph.node(id));
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
