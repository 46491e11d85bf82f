// SPDX-License-Identifier: Apache-2.0
// Needs: final types (assign-precision). Guarantees: no node's engine is Unassigned.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/lower/rule.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

// An activation of a type that the vector and cube units have no arithmetic for in this compiler.
std::optional<std::string> reject_types(const Graph& graph, const Node& node) {
  if (is_op(node, "Cast") || is_op(node, "QuantizeLinear") || is_op(node, "DequantizeLinear")) return std::nullopt;
  const auto wide = [&](ValueId id) {
    if (id == kNone || graph.is_constant(id)) return false;
    const DType dtype = graph.value(id).type.dtype;
    return dtype == DType::Float32 || dtype == DType::Float64 || dtype == DType::BFloat16;
  };
  for (const auto* values : {&node.inputs, &node.outputs})
    for (ValueId id : *values)
      if (wide(id))
        return fmt::format("'{}' is {}, AI-core operators are compiled for float16", graph.value(id).name,
                           to_string(graph.value(id).type.dtype));
  return std::nullopt;
}

// What only the references know: sequences, strings, numbers below a byte, sub-graphs.
Status require_device_types(const Graph& graph, const Node& node) {
  const std::string where = fmt::format("{} '{}'", node.op, node.name);
  for (const auto& [key, attr] : node.attrs)
    if (std::holds_alternative<Subgraph>(attr))
      return fail(ErrorKind::UnsupportedModel, where, fmt::format("the sub-graph '{}' cannot be compiled: compiled models have no control flow", key));
  for (const auto* values : {&node.inputs, &node.outputs})
    for (ValueId id : *values)
      if (id != kNone && (!graph.value(id).type.is_tensor() || !is_device_dtype(graph.value(id).type.dtype)))
        return fail(ErrorKind::UnsupportedModel, where,
                    fmt::format("'{}' is {}, which compiled models do not hold", graph.value(id).name, to_string(graph.value(id).type)));
  return {};
}

Engine choose(const Graph& graph, const Node& node, PassContext& context) {
  const LowerRule* rule = find_lower_rule(node.op);
  if (!rule) {
    context.missed(node, fmt::format("there is no AI-core implementation of {}", node.op));
    return Engine::AiCpu;
  }
  const bool view = rule->family == Family::View;
  auto why = view ? std::nullopt : reject_types(graph, node);
  if (!why) why = rule->reject(graph, node, context.soc);
  if (!why) return view ? Engine::Host : Engine::AiCore;
  context.missed(node, *why);
  return Engine::AiCpu;
}

}  // namespace

Status assign_engine(Graph& graph, PassContext& context) {
  for (NodeId id : graph.order()) {
    // Those are inserted later, with an engine.
    if (is_op(graph.node(id), "TransData") && graph.node(id).engine != Engine::Unassigned) continue;
    NPU_CHECK(require_device_types(graph, graph.node(id)));
    const Engine engine = choose(graph, graph.node(id), context);
    if (graph.node(id).engine != engine) context.count_rewrite();
    graph.node(id).engine = engine;
  }
  return {};
}

}  // namespace npu::pass
