// SPDX-License-Identifier: Apache-2.0
// Needs: everything that computes with float32 constants has run (folding). Guarantees: no float32 tensor but the
// graph's inputs, its outputs, parameters that operators define as float32, and what the nodes of
// PassOptions::keep_float read and write. Must run before assign-engine, whose
// rules judge float16 nodes.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

constexpr int64_t kToFloat = dtype_info(DType::Float32).onnx;
constexpr int64_t kToHalf = dtype_info(DType::Float16).onnx;

// Inputs that are float32 by definition of the operator, whatever the data is.
struct Parameter {
  std::string_view op;
  size_t first, last;
};
constexpr Parameter kFloatParameters[] = {
    {"DequantizeLinear", 1, 1}, {"QGemm", 0, 8}, {"QLinearAdd", 0, 7}, {"QLinearConv", 0, 7}, {"QLinearGlobalAveragePool", 0, 4},
    {"QLinearMatMul", 0, 7}, {"QuantizeLinear", 0, 1}, {"Resize", 1, 2}, {"Upsample", 1, 1}};

bool is_float_parameter(const Node& node, size_t i, const FloatNodes& kept) {
  return kept.contains(node) || std::ranges::any_of(kFloatParameters,
                             [&](const Parameter& p) { return node.op == p.op && i >= p.first && i <= p.last; });
}

bool is_float32(const Graph& graph, ValueId id) {
  return id != kNone && graph.value(id).type.dtype == DType::Float32;
}

// Finite values beyond the range of float16 become its largest one, as the vendor's compiler clips weights.
Tensor to_half(const Tensor& tensor) {
  constexpr float kMaxHalf = 65504;
  const auto values = tensor.data<float>();
  const bool large = std::ranges::any_of(values, [](float v) { return std::isfinite(v) && std::fabs(v) > kMaxHalf; });
  if (!large) return tensor.cast(DType::Float16);
  Tensor clipped = tensor;
  for (float& v : clipped.mutable_data<float>())
    if (std::isfinite(v)) v = std::clamp(v, -kMaxHalf, kMaxHalf);
  return clipped.cast(DType::Float16);
}

Node cast_node(std::string name, ValueId from, ValueId to, int64_t code) {
  Node node = make_node("Cast", std::move(name), {from}, {to});
  node.attrs["to"] = code;
  return node;
}

// An input of the graph that is an output too: it stays as it is.
bool passes_through(const Graph& graph, const Node& node) {
  return is_op(node, "Identity") && !producer_of(graph, node.inputs[0]) && graph.is_output(node.outputs[0]) &&
         graph.consumers(node.outputs[0]).empty();
}

bool reads_as_data(const Node& node, ValueId value, const FloatNodes& kept) {
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (node.inputs[i] == value && !is_float_parameter(node, i, kept)) return true;
  return false;
}

// Readers of float32 inputs read a float16 copy.
void cast_inputs(Graph& graph, Names& names, PassContext& context) {
  for (ValueId input : std::vector<ValueId>(graph.inputs)) {
    if (!is_float32(graph, input)) continue;
    ValueId half = kNone;
    const std::vector<NodeId> readers = graph.consumers(input);
    for (NodeId reader : readers)
      if (is_op(graph.node(reader), "Cast") && graph.node(reader).int_attr("to", 0) == kToHalf)
        half = graph.node(reader).outputs[0];
    for (NodeId reader : readers) {
      if (is_op(graph.node(reader), "Cast") || passes_through(graph, graph.node(reader)) || !reads_as_data(graph.node(reader), input, context.options.keep_float)) continue;
      if (half == kNone) {
        TensorType type = graph.value(input).type;
        type.dtype = DType::Float16;
        half = graph.add_value(names.unique(graph.value(input).name + "_fp16"), type);
        graph.insert_before(graph.order().front(), cast_node("cast_" + graph.value(input).name, input, half, kToHalf));
        context.count_rewrite();
      }
      auto& inputs = graph.node(reader).inputs;
      for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i] == input && !is_float_parameter(graph.node(reader), i, context.options.keep_float)) inputs[i] = half;
    }
  }
}

// A float32 output is a cast of a float16 value; one that already comes from a Cast and has no other reader stays.
void cast_outputs(Graph& graph, Names& names, PassContext& context) {
  for (ValueId output : std::vector<ValueId>(graph.outputs)) {
    const Node* producer = producer_of(graph, output);
    if (!is_float32(graph, output) || !producer || !graph.is_output(output)) continue;
    if (passes_through(graph, *producer)) continue;
    const bool writes_float = is_op(*producer, "Cast") || is_op(*producer, "DequantizeLinear") || context.options.keep_float.contains(*producer);
    if (writes_float && graph.consumers(output).empty()) continue;
    const std::string name = graph.value(output).name;
    const ValueId result = graph.add_value(names.unique(name + "_fp16"), graph.value(output).type);
    swap_names(graph, output, result);
    std::ranges::replace(graph.outputs, output, result);
    graph.append(cast_node("cast_" + name, output, result, kToFloat));
    context.count_rewrite();
  }
}

void convert_attributes(Graph& graph, const FloatNodes& kept) {
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    if (kept.contains(node)) continue;
    if (is_op(node, "Cast") && node.int_attr("to", 0) == kToFloat && !graph.is_output(node.outputs[0]))
      node.attrs["to"] = kToHalf;
    if (is_op(node, "DequantizeLinear") && is_float32(graph, node.outputs[0]) && !graph.is_output(node.outputs[0]))
      node.attrs["output_dtype"] = kToHalf;
    if (is_op(node, "ConstantOfShape") && !node.find_attr("value")) node.attrs["value"] = Tensor(DType::Float16, {1});
    for (auto& [name, attr] : node.attrs)
      if (auto* tensor = std::get_if<Tensor>(&attr); tensor && tensor->dtype() == DType::Float32)
        *tensor = to_half(*tensor);
  }
}

// In place; a copy when an operator or an output of the graph also wants the float32 original.
void convert_constants(Graph& graph, Names& names, PassContext& context) {
  std::vector<bool> kept(graph.value_count());
  for (ValueId output : graph.outputs) kept[static_cast<size_t>(output)] = true;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNone && is_float_parameter(node, i, context.options.keep_float)) kept[static_cast<size_t>(node.inputs[i])] = true;
  }
  std::unordered_map<ValueId, ValueId> halves;
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (!graph.is_constant(input) || !is_float32(graph, input) || is_float_parameter(node, i, context.options.keep_float)) continue;
      auto [found, fresh] = halves.try_emplace(input, input);
      if (fresh && kept[static_cast<size_t>(input)]) {
        Tensor half = to_half(*graph.value(input).constant);
        found->second = graph.add_constant(names.unique(graph.value(input).name + "_fp16"), std::move(half));
      } else if (fresh) {
        Value& value = graph.value(input);
        value.constant = to_half(*value.constant);
        value.type.dtype = DType::Float16;
      }
      if (fresh) context.count_rewrite();
      node.inputs[i] = found->second;
    }
  }
}

// The float32 original of what a node that stays float32 wrote for others; kNone where `value` is something else.
ValueId original_of(const Graph& graph, ValueId value, const FloatNodes& kept) {
  const Node* cast = producer_of(graph, value);
  if (!is_op(*cast, "Cast") || cast->int_attr("to", 0) != kToHalf) return kNone;
  const Node* from = producer_of(graph, cast->inputs[0]);
  return from && kept.contains(*from) ? cast->inputs[0] : kNone;
}

void widen_inputs(Graph& graph, NodeId id, Names& names, const FloatNodes& kept) {
  for (size_t i = 0; i < graph.node(id).inputs.size(); ++i) {
    const ValueId input = graph.node(id).inputs[i];
    if (!is_float32(graph, input) || !producer_of(graph, input)) continue;
    ValueId wide = original_of(graph, input, kept);
    if (wide == kNone) {
      wide = graph.add_value(names.unique(graph.value(input).name + "_fp32"), graph.value(input).type);
      graph.insert_before(id, cast_node(names.unique("widen_" + graph.value(input).name), input, wide, kToFloat));
    }
    graph.node(id).inputs[i] = wide;
  }
}

void narrow_outputs(Graph& graph, NodeId id, Names& names) {
  for (size_t i = 0; i < graph.node(id).outputs.size(); ++i) {
    const ValueId output = graph.node(id).outputs[i];
    if (!is_float32(graph, output) || (graph.is_output(output) && graph.consumers(output).empty())) continue;
    const ValueId wide = graph.add_value(names.unique(graph.value(output).name + "_fp32"), graph.value(output).type);
    graph.node(id).outputs[i] = wide;
    graph.value(wide).producer = id;
    graph.insert_after(id, cast_node(names.unique("narrow_" + graph.value(output).name), wide, output, kToHalf));
  }
}

// Nodes that stay float32 read and write float32 between casts, but for the graph's own inputs and outputs.
void wrap_kept_nodes(Graph& graph, Names& names, PassContext& context) {
  const FloatNodes& kept = context.options.keep_float;
  if (kept.empty()) return;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!kept.contains(graph.node(id))) continue;
    widen_inputs(graph, id, names, kept);
    narrow_outputs(graph, id, names);
    context.count_rewrite();
  }
  graph.erase_dead();
}

void remove_idle_casts(Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (is_op(node, "Cast") && graph.value(node.inputs[0]).type == graph.value(node.outputs[0]).type)
      bypass(graph, id, node.inputs[0]);
  }
}

}  // namespace

Status assign_precision(Graph& graph, PassContext& context) {
  if (graph.order().empty()) return {};
  Names names(graph);
  cast_inputs(graph, names, context);
  cast_outputs(graph, names, context);
  convert_attributes(graph, context.options.keep_float);
  convert_constants(graph, names, context);
  wrap_kept_nodes(graph, names, context);
  NPU_CHECK(npu::infer_shapes(graph));
  remove_idle_casts(graph);
  return {};
}

}  // namespace npu::pass
