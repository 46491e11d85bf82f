// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/attention.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"

namespace npu {
namespace {

bool has_mask(const Node& node) { return node.inputs.size() > 3 && node.inputs[3] != kNone; }

std::optional<Attention> attention_of(const Graph& graph, const Node& node) {
  const auto dims = [&](size_t i) -> const Dims& { return graph.value(node.inputs[i]).type.dims; };
  const Dims& y = graph.value(node.outputs[0]).type.dims;
  Attention a{.q = stack_of(dims(0), node.ints_attr("perm_q")), .k = stack_of(dims(1), node.ints_attr("perm_k")),
              .v = stack_of(dims(2), node.ints_attr("perm_v")), .y = stack_of(y, inverse(node.ints_attr("perm_y"))), .scale = node.float_attr("scale", 1)};
  a.batch = a.q.sizes;
  for (const int64_t size : a.batch) a.items *= size;
  if (a.k.sizes != a.batch || a.v.sizes != a.batch || a.y.sizes != a.batch) return std::nullopt;
  if (!has_mask(node)) return a;
  if (dims(3).empty() || dims(3).back().value() != a.keys()) return std::nullopt;
  Dims mask = dims(3);
  if (mask.size() == 1) mask.insert(mask.begin(), Dim(1));
  a.mask = stack_of(mask, {});
  pad_batch(a.mask, a.batch.size());
  a.mask_kind = a.mask.rows == 1 ? MaskKind::Row : MaskKind::Full;
  return a;
}

}  // namespace

std::optional<std::string> reject_attention(const Graph& graph, const Node& node, const Soc& soc) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const Value& value = graph.value(node.inputs[i]);
    if (value.type.dtype != DType::Float16) return fmt::format("{} data", to_string(value.type.dtype));
    if (value.constant && i < 3) return "a constant operand";
  }
  if (soc.split) return fmt::format("{} has no path from the cube to the vector unit", soc.name);
  const auto a = attention_of(graph, node);
  if (!a) return "queries, keys, values and mask of different batch sizes";
  if (a->items * a->queries() * a->keys() * a->size() * a->v_size() == 0) return "empty product";
  if (a->q.column_stride != 1 || a->k.column_stride != 1 || a->v.column_stride != 1 || a->y.column_stride != 1) return "rows are not contiguous";
  if (attention_tile(soc, *a) == 0) return fmt::format("UB budget: 16 queries' scores of {} keys and their copies > {} bytes", a->keys(), soc.ub);
  return std::nullopt;
}

Status lower_attention(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Attention a = *attention_of(context.graph, node);
  AttentionAddresses at{.q = context.address(node.inputs[0]), .k = context.address(node.inputs[1]), .v = context.address(node.inputs[2]), .y = context.address(node.outputs[0])};
  if (a.keys() % 16 != 0) at.zeros = context.add_weights(std::vector<std::byte>(512));
  if (has_mask(node)) {
    const Value& mask = context.graph.value(node.inputs[3]);
    at.mask = mask.constant ? context.add_weights(mask.constant->bytes()) : context.address(node.inputs[3]);
  }
  NPU_TRY(task.blocks, emit_attention(context.soc, a, at));
  task.macs = a.items * a.queries() * a.keys() * (a.size() + a.v_size());
  return {};
}

}  // namespace npu
