// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/layers.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "compiler/passes/pass.h"
#include "compiler/passes/rewrite.h"

namespace npu::quantize {
namespace {

using pass::input_of;
using pass::is_op;

// One tensor in, one out, the same numbers: MaxPool's are among them.
constexpr std::string_view kMovers[] = {"Flatten", "MaxPool", "Reshape", "Squeeze", "Transpose", "Unsqueeze"};

// Recognised forms that ONNX files of opset 18 have no operator for.
constexpr std::string_view kLaterForms[] = {"fuse-layer-norm", "fuse-rms-norm", "fuse-gelu", "fuse-swish", "fuse-rotary"};

std::string fault_of(const Graph& graph, const Node& node) {
  if (!graph.is_constant(node.inputs[1])) return "its weights are computed at run time";
  const Tensor& weights = *graph.value(node.inputs[1]).constant;
  if (graph.is_constant(node.inputs[0])) return "it reads a constant";
  if (weights.dtype() != DType::Float32) return fmt::format("its weights are {}", to_string(weights.dtype()));
  if (weights.elements() == 0) return "it has no weights";
  if (is_op(node, "Conv") && weights.shape().size() != 4) return fmt::format("{}-D convolutions run in fp16", static_cast<int>(weights.shape().size()) - 2);
  if (!is_op(node, "Conv") && weights.shape().size() != 2) return "8-bit products have a matrix on the right";
  if (node.float_attr("alpha", 1) != 1 || node.float_attr("beta", 1) != 1) return "its alpha or beta is not 1";
  if (node.int_attr("transA", 0) != 0) return "its data is transposed";
  if (const ValueId bias = input_of(node, 2); bias != kNone) {
    const int64_t channels = is_op(node, "Conv") || node.int_attr("transB", 0) != 0 ? weights.shape()[0] : weights.shape()[1];
    if (!graph.is_constant(bias) || graph.value(bias).constant->elements() != channels) return "its bias is no constant vector";
  }
  return {};
}

Layer layer_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Layer layer{.node = id, .name = node.name, .op = node.op, .input = node.inputs[0], .result = node.outputs[0], .layout = {}, .fault = fault_of(graph, node)};
  if (const NodeId next = activation_of(graph, id); next != kNone) layer.activation = next, layer.result = graph.node(next).outputs[0];
  if (!layer.fault.empty()) return layer;
  const Shape& shape = graph.value(node.inputs[1]).constant->shape();
  layer.layout = is_op(node, "Conv") ? conv_layout(shape, node.int_attr("group", 1)) : matrix_layout(shape, node.int_attr("transB", 0) != 0);
  return layer;
}

std::optional<Follower> follower_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.outputs.size() != 1) return std::nullopt;
  Follower found{.node = id, .result = node.outputs[0], .operands = {}};
  if (is_op(node, "Add")) {
    if (!graph.value(node.inputs[0]).type.is_static() || graph.value(node.inputs[0]).type != graph.value(node.inputs[1]).type) return std::nullopt;
    found.operands = node.inputs;
    if (const NodeId next = activation_of(graph, id); next != kNone) found.activation = next, found.result = graph.node(next).outputs[0];
  } else if (is_op(node, "Concat")) {
    found.operands = node.inputs, found.moves = true;
  } else if (std::ranges::count(kMovers, std::string_view(node.op)) > 0) {
    found.operands = {node.inputs[0]}, found.moves = true;
  } else if (is_op(node, "GlobalAveragePool")) {
    found.operands = {node.inputs[0]};
  } else {
    return std::nullopt;
  }
  return found;
}

// The factors of a BatchNormalization while they look like an input of the model: only constants are folded into layers.
struct Hidden {
  std::string name;
  Tensor factors;
};

std::vector<Hidden> hide_statistics(Graph& graph, const std::set<std::string, std::less<>>& names) {
  std::vector<Hidden> hidden;
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (!is_op(node, "BatchNormalization") || !graph.is_constant(node.inputs[1])) continue;
    const Node* layer = pass::producer_of(graph, node.inputs[0]);
    if (!names.contains(node.name) && (layer == nullptr || !names.contains(layer->name))) continue;
    const Tensor factors = *graph.value(node.inputs[1]).constant;
    hidden.push_back({graph.unique_value_name(graph.value(node.inputs[1]).name + "_apart"), factors});
    const ValueId input = graph.add_value(hidden.back().name, TensorType::of(factors.dtype(), factors.shape()));
    graph.inputs.push_back(input);
    graph.node(id).inputs[1] = input;
  }
  return hidden;
}

void show_statistics(Graph& graph, const std::vector<Hidden>& hidden) {
  for (const Hidden& one : hidden) {
    const ValueId id = graph.find_value(one.name);
    std::erase(graph.inputs, id);
    graph.value(id).constant = one.factors;
  }
}

}  // namespace

Result<Graph> prepare(const Graph& model, const std::vector<Shape>& shapes, const Soc& soc, const PrepareOptions& options) {
  PassOptions passes;
  for (size_t i = 0; i < model.inputs.size(); ++i) passes.input_shapes[model.value(model.inputs[i]).name] = shapes[i];
  for (std::string_view name : kLaterForms) passes.disabled.emplace(name);
  if (!options.fold_batch_norm) passes.disabled.emplace("fold-batch-norm");
  constexpr std::string_view kLast = "fuse-bias";
  Graph graph = model, prepared;
  const std::vector<Hidden> hidden = hide_statistics(graph, options.keep_batch_norm);
  const Status status = run_passes(graph, soc, passes, [&](const PassReport& report, const Graph& now) {
    if (report.name == kLast) prepared = now;
    return report.name != kLast;
  });
  if (prepared.order().empty()) return std::unexpected(status ? Error{ErrorKind::InvalidModel, model.name, "no nodes are left after folding constants"} : status.error());
  show_statistics(prepared, hidden);
  return prepared;
}

bool is_called(const Node& node, std::string_view name) { return node.name == name || std::ranges::count(node.origin, name) > 0; }

NodeId activation_of(const Graph& graph, NodeId id) {
  const NodeId next = graph.single_consumer(graph.node(id).outputs[0]);
  if (next == kNone) return kNone;
  const Node& node = graph.node(next);
  if (is_op(node, "Relu")) return next;
  if (!is_op(node, "Clip") || node.inputs[0] != graph.node(id).outputs[0]) return kNone;
  for (size_t i : {size_t{1}, size_t{2}})
    if (input_of(node, i) != kNone && !graph.is_constant(node.inputs[i])) return kNone;
  return next;
}

FloatRange bounds_of(const Graph& graph, const Node& activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (is_op(activation, "Relu")) return {0, kInfinity};
  const auto bound = [&](size_t input, std::string_view attr, float fallback) {
    const Tensor* constant = pass::constant_of(graph, activation, input);
    return constant && constant->elements() == 1 ? static_cast<float>(constant->to_doubles()[0]) : activation.float_attr(attr, fallback);
  };
  return {bound(1, "min", -kInfinity), bound(2, "max", kInfinity)};
}

std::vector<Layer> find_layers(const Graph& graph) {
  std::vector<Layer> layers;
  for (NodeId id : graph.order())
    if (const Node& node = graph.node(id); is_op(node, "Conv") || is_op(node, "Gemm") || is_op(node, "MatMul")) layers.push_back(layer_of(graph, id));
  return layers;
}

std::vector<Follower> find_followers(const Graph& graph, std::span<const Layer> layers, const std::vector<bool>& chosen) {
  std::set<ValueId> bytes;
  for (size_t i = 0; i < layers.size(); ++i)
    if (chosen[i]) bytes.insert(layers[i].result);
  std::vector<Follower> followers;
  for (NodeId id : graph.order()) {
    auto follower = follower_of(graph, id);
    if (!follower || !std::ranges::all_of(follower->operands, [&](ValueId v) { return bytes.contains(v); })) continue;
    bytes.insert(follower->result);
    followers.push_back(std::move(*follower));
  }
  return followers;
}

}  // namespace npu::quantize
