// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/affine.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::pass {
namespace {

bool is_convolution(const Node& node) {
  return is_op(node, "Conv") || is_op(node, "ConvTranspose");
}

int64_t output_channels(const Graph& graph, const Node& layer) {
  return graph.value(layer.outputs[0]).type.dims[1].value();
}

// Which output channel the weight at this flat index belongs to, as {elements in a row, channels of a row}: weights are
// runs of `run` equal channels. Conv [O, I/g, ...], ConvTranspose [I, O/g, ...], Gemm [K, N].
struct ChannelMap {
  int64_t run;         // consecutive elements of one channel
  int64_t cycle;       // channels before they repeat
  int64_t group_size;  // elements of one group; the next group's channels follow
};

ChannelMap channel_map(const Node& layer, const Shape& weights) {
  const int64_t all = element_count(weights);
  if (is_op(layer, "Conv")) return {all / weights[0], weights[0], all};
  const int64_t run = all / weights[0] / weights[1];
  const int64_t groups = is_op(layer, "ConvTranspose") ? layer.int_attr("group", 1) : 1;
  return {run, weights[1], all / groups};
}

Tensor scale_weights(const Node& layer, const Tensor& weights, const std::vector<double>& scale) {
  const ChannelMap map = channel_map(layer, weights.shape());
  Tensor scaled = weights.cast(DType::Float32);
  const auto values = scaled.mutable_data<float>();
  const auto count = static_cast<int64_t>(values.size());
  for (int64_t start = 0, row = 0; start < count; start += map.run, ++row) {
    const int64_t channel = start / map.group_size * map.cycle + row % map.cycle;
    const double factor = scale[static_cast<size_t>(channel)];
    for (int64_t i = start; i < start + map.run; ++i)
      values[static_cast<size_t>(i)] = static_cast<float>(values[static_cast<size_t>(i)] * factor);
  }
  return scaled.cast(weights.dtype());
}

}  // namespace

std::optional<std::vector<double>> per_channel(const Graph& graph, const Node& node, size_t i, int64_t channels) {
  const Tensor* tensor = constant_of(graph, node, i);
  const auto out = shape_of(graph, node.outputs[0]);
  if (!tensor || !out || out->size() < 2 || (*out)[1] != channels || !is_float(tensor->dtype())) return std::nullopt;
  const Shape& shape = tensor->shape();
  if (shape.size() > out->size()) return std::nullopt;
  // Broadcasting aligns at the right; only axis 1 of the result may be more than one.
  const size_t offset = out->size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    if (shape[d] != 1 && (d + offset != 1 || shape[d] != channels)) return std::nullopt;
  std::vector<double> values = tensor->to_doubles();
  if (values.size() == 1) values.resize(static_cast<size_t>(channels), values[0]);
  return values;
}

bool is_linear(const Node& node) {
  return is_convolution(node) || is_op(node, "Gemm") || is_op(node, "MatMul");
}

std::string reject_affine(const Graph& graph, const Node& layer) {
  const Tensor* weights = constant_of(graph, layer, 1);
  if (!weights || !is_float(weights->dtype())) return "the weights of the layer before are not constant floats";
  if (input_of(layer, 2) != kNone && !constant_of(graph, layer, 2))
    return "the bias of the layer before is not constant";
  if (element_count(weights->shape()) == 0) return "the weights of the layer before are empty";
  if (is_convolution(layer)) {
    const int64_t groups = layer.int_attr("group", 1);
    const bool whole = weights->shape().size() >= 2 && groups > 0 && weights->shape()[0] % groups == 0;
    return whole ? "" : "the weights of the layer before do not fit its groups";
  }
  const auto in = shape_of(graph, layer.inputs[0]);
  if (!in || in->size() != 2 || weights->shape().size() != 2) return "the product before is not one of two matrices";
  if (!layer.attrs.empty()) return "the Gemm before is not in canonical form";
  const Tensor* bias = constant_of(graph, layer, 2);
  if (bias && bias->shape() != Shape{weights->shape()[1]}) return "the Gemm before is not in canonical form";
  return "";
}

void apply_affine(Graph& graph, NodeId id, const Affine& affine, Names& names) {
  const Node& layer = graph.node(id);
  const int64_t channels = output_channels(graph, layer);
  const Tensor& weights = *constant_of(graph, layer, 1);
  const DType dtype = weights.dtype();

  const Tensor* old_bias = constant_of(graph, layer, 2);
  const std::vector<double> before =
      old_bias ? old_bias->to_doubles() : std::vector<double>(static_cast<size_t>(channels), 0.0);
  Tensor bias(DType::Float32, {channels});
  const auto sums = bias.mutable_data<float>();
  for (size_t c = 0; c < sums.size(); ++c) {
    const double scale = affine.scale.empty() ? 1 : affine.scale[c];
    sums[c] = static_cast<float>(before[c] * scale + (affine.shift.empty() ? 0 : affine.shift[c]));
  }

  const std::string bias_name = names.unique(layer.name + "_bias");
  ValueId scaled = layer.inputs[1];
  if (!affine.scale.empty()) {
    Tensor product = scale_weights(layer, weights, affine.scale);
    scaled = graph.add_constant(names.unique(graph.value(layer.inputs[1]).name + "_scaled"), std::move(product));
  }
  const ValueId shifted = graph.add_constant(bias_name, bias.cast(dtype));
  Node& changed = graph.node(id);
  changed.inputs = {changed.inputs[0], scaled, shifted};
  if (is_op(changed, "MatMul")) changed.op = "Gemm";
}

}  // namespace npu::pass
