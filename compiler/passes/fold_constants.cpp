// SPDX-License-Identifier: Apache-2.0
// Needs: static types (infer-shapes). Guarantees: no node has only constant inputs, except those whose result would
// blow up the model (reported as missed) and DequantizeLinear. Later passes look for constants where a sub-graph may have computed them.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

// Results above this many bytes are folded only when the inputs are of about the same size.
constexpr int64_t kFreeBytes = 1 << 20;
constexpr int64_t kGrowth = 4;

bool inputs_constant(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.inputs, [&](ValueId id) { return id == kNone || graph.is_constant(id); });
}

bool inputs_fixed(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.inputs, [&](ValueId id) { return id == kNone || graph.value(id).type.is_static(); });
}

int64_t total_bytes(const Graph& graph, const std::vector<ValueId>& values) {
  int64_t bytes = 0;
  for (ValueId id : values)
    if (id != kNone && graph.value(id).type.is_static())
      bytes += element_count(to_shape(graph.value(id).type.dims)) *
               static_cast<int64_t>(dtype_size(graph.value(id).type.dtype));
  return bytes;
}

int64_t constant_bytes(const Graph& graph) {
  int64_t bytes = 0;
  for (ValueId id : graph.used_constants()) bytes += static_cast<int64_t>(graph.value(id).constant->byte_size());
  return bytes;
}

Result<std::vector<Tensor>> evaluate(const Graph& graph, const Node& node) {
  const OpDef* def = find_op(node.op);
  if (def && def->from_types) return def->from_types(InferContext(graph, node));
  std::vector<Tensor> inputs;
  for (ValueId id : node.inputs) inputs.push_back(id == kNone ? Tensor() : *graph.value(id).constant);
  return run_reference(node, graph.opset, inputs);
}

}  // namespace

Status fold_constants(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  const int64_t limit = 2 * std::clamp<int64_t>(context.options.max_bytes, 0, context.soc.memory_bytes);  // what is fp32 here takes half on the chip
  int64_t total = constant_bytes(graph);
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    const OpDef* def = find_op(node.op);
    if (!inputs_constant(graph, node) && !(def && def->from_types && inputs_fixed(graph, node))) continue;
    if (def && def->is_random) continue;  // each node draws its own numbers
    if (is_op(node, "DequantizeLinear")) continue;  // fuse-quantization wants the integers
    const int64_t out = total_bytes(graph, node.outputs);
    if (out > kFreeBytes && out > kGrowth * total_bytes(graph, node.inputs)) {
      context.missed(node, fmt::format("the result would take {} bytes of weights", out));
      continue;
    }
    if (out > limit - total) total = constant_bytes(graph);  // without those that nothing reads any more
    if (out > limit - total) {
      context.missed(node, fmt::format("the result of {} bytes would exceed the limit of {} beside {} of other constants", out, limit, total));
      continue;
    }
    NPU_TRY(auto results, evaluate(graph, node));
    for (const Tensor& result : results) total += static_cast<int64_t>(result.byte_size());
    const std::vector<ValueId> outputs = node.outputs;
    graph.erase(id);
    for (size_t i = 0; i < outputs.size() && i < results.size(); ++i) {
      if (outputs[i] == kNone) continue;
      Value& value = graph.value(outputs[i]);
      value.type = TensorType::of(results[i].dtype(), results[i].shape());
      value.constant = std::move(results[i]);
    }
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
