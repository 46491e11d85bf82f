// SPDX-License-Identifier: Apache-2.0
// Needs: explicit pads (canonicalise). Guarantees: nothing; a Pad that stays runs as data movement.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

// What a Pad adds to the two image axes: {top, left, bottom, right}; nothing when it pads or crops anything else.
struct ImagePads {
  std::vector<int64_t> pads;
  double value = 0;
};

std::optional<ImagePads> image_pads(const Graph& graph, const Node& pad, std::string& why) {
  const Tensor* list = constant_of(graph, pad, 1);
  const auto shape = shape_of(graph, pad.inputs[0]);
  if (pad.string_attr("mode", "constant") != "constant") return why = "mode is not constant", std::nullopt;
  if (!list || !shape || shape->size() != 4) return why = "not a constant padding of a 4-D tensor", std::nullopt;
  std::vector<int64_t> axes{0, 1, 2, 3};
  if (input_of(pad, 3) != kNone) {
    const Tensor* given = constant_of(graph, pad, 3);
    if (!given) return why = "its axes are not constant", std::nullopt;
    axes = given->to_ints();
  }
  const std::vector<int64_t> amounts = list->to_ints();
  if (amounts.size() != 2 * axes.size()) return why = "pads and axes do not match", std::nullopt;
  ImagePads result{.pads = std::vector<int64_t>(4, 0)};
  for (size_t i = 0; i < amounts.size(); ++i) {
    const int64_t axis = axes[i % axes.size()] + (axes[i % axes.size()] < 0 ? 4 : 0);
    if (amounts[i] < 0) return why = "it crops", std::nullopt;
    if (axis < 2 && amounts[i] != 0) return why = "it pads batch or channels", std::nullopt;
    if (axis >= 2 && axis < 4) result.pads[static_cast<size_t>(axis - 2) + (i < axes.size() ? 0 : 2)] = amounts[i];
  }
  if (input_of(pad, 2) != kNone) {
    const Tensor* value = constant_of(graph, pad, 2);
    if (!value || value->elements() != 1) return why = "its value is not constant", std::nullopt;
    result.value = value->to_doubles()[0];
  }
  return result;
}

bool is_never_negative(const Graph& graph, ValueId id) {
  const Node* producer = producer_of(graph, id);
  if (!producer) return false;
  if (is_op(*producer, "Relu") || is_op(*producer, "Sigmoid") || is_op(*producer, "Softmax")) return true;
  const Tensor* low = is_op(*producer, "Clip") ? constant_of(graph, *producer, 1) : nullptr;
  return low && low->elements() == 1 && low->to_doubles()[0] >= 0;
}

bool all_zero(const std::vector<int64_t>& values) {
  return std::ranges::all_of(values, [](int64_t v) { return v == 0; });
}

// Why the consumer cannot pad like this itself, or empty.
std::string reject(const Graph& graph, const Node& pad, const Node& consumer, const ImagePads& extra) {
  const std::vector<int64_t> own = consumer.ints_attr("pads", std::vector<int64_t>(4, 0));
  if (own.size() != 4 || consumer.find_attr("auto_pad")) return "its consumer has no explicit 2-D pads";
  if (is_op(consumer, "Conv")) return extra.value == 0 ? "" : "a convolution pads with 0 only";
  if (consumer.int_attr("ceil_mode", 0) != 0) return "the pooling rounds its size up";
  if (is_op(consumer, "AveragePool")) {
    if (extra.value != 0) return "pooling counts padded elements as 0 only";
    return all_zero(own) || consumer.int_attr("count_include_pad", 0) != 0 ? ""
                                                                           : "the pooling does not count its own pads";
  }
  if (consumer.outputs.size() > 1) return "the pooling returns indices";
  if (extra.value == -std::numeric_limits<double>::infinity()) return "";
  if (extra.value != 0 || !is_never_negative(graph, pad.inputs[0]))
    return "MaxPool pads with -inf, which differs where inputs may be negative";
  // Every window must still see one real element.
  const auto kernel = consumer.ints_attr("kernel_shape");
  const auto dilations = consumer.ints_attr("dilations", {1, 1});
  if (kernel.size() != 2 || dilations != std::vector<int64_t>{1, 1}) return "the pooling is dilated";
  for (size_t i = 0; i < 4; ++i)
    if (own[i] + extra.pads[i] >= kernel[i % 2]) return "a window would lie in the padding only";
  return "";
}

bool can_pad(const Node& node) {
  return is_op(node, "Conv") || is_op(node, "AveragePool") || is_op(node, "MaxPool");
}

}  // namespace

Status fold_pads(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& pad = graph.node(id);
    if (!is_op(pad, "Pad")) continue;
    const NodeId reader = graph.single_consumer(pad.outputs[0]);
    if (reader == kNone || !can_pad(graph.node(reader)) || graph.node(reader).inputs[0] != pad.outputs[0]) {
      context.missed(pad, "not read by one convolution or pooling alone");
      continue;
    }
    std::string why;
    const auto extra = image_pads(graph, pad, why);
    if (extra) why = reject(graph, pad, graph.node(reader), *extra);
    if (!why.empty()) {
      context.missed(pad, why);
      continue;
    }
    Node& consumer = graph.node(reader);
    std::vector<int64_t> pads = consumer.ints_attr("pads", std::vector<int64_t>(4, 0));
    for (size_t i = 0; i < 4; ++i) pads[i] += extra->pads[i];
    consumer.attrs["pads"] = pads;
    if (is_op(consumer, "AveragePool")) consumer.attrs["count_include_pad"] = int64_t{1};
    absorb_origin(consumer, pad);
    bypass(graph, id, pad.inputs[0]);
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
