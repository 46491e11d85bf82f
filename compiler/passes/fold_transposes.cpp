// SPDX-License-Identifier: Apache-2.0
// Needs: static shapes, canonical Transpose (a full perm). Guarantees: nothing. Only transposes that leave the matrices'
// rows contiguous in memory are taken: those are what the copies to and from the cube can do by strides. A transposed
// right operand may also have its columns contiguous, as the cube's B tiles are stored that way.
#include <algorithm>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

std::vector<int64_t> perm_of(const Node& transpose) {
  return transpose.ints_attr("perm");
}

// The Transpose that makes operand i, when the product can read through it.
const Node* readable_transpose(const Graph& graph, const Node& product, size_t i) {
  const Node* transpose = producer_of(graph, product.inputs[i]);
  if (!transpose || !is_op(*transpose, "Transpose")) return nullptr;
  const auto perm = perm_of(*transpose);
  const auto rank = static_cast<int64_t>(perm.size());
  if (rank < 2) return nullptr;
  const bool rows_contiguous = perm.back() == rank - 1;
  const bool columns_contiguous = i == 1 && perm[perm.size() - 2] == rank - 1;
  return rows_contiguous || columns_contiguous ? transpose : nullptr;
}

bool fold_operand(Graph& graph, NodeId id, size_t i) {
  constexpr std::string_view kAttr[] = {"perm_x1", "perm_x2"};
  const Node& product = graph.node(id);
  const Node* transpose = readable_transpose(graph, product, i);
  if (!transpose) return false;
  const auto perm = perm_of(*transpose);
  const ValueId source = transpose->inputs[0];
  Node& changed = graph.node(id);
  absorb_origin(changed, *transpose);
  changed.inputs[i] = source;
  changed.attrs[std::string(kAttr[i])] = perm;
  changed.op = "TransposeBatchMatMul";
  return true;
}

bool fold_result(Graph& graph, NodeId id) {
  const Node& product = graph.node(id);
  const NodeId reader = graph.single_consumer(product.outputs[0]);
  if (reader == kNone || !is_op(graph.node(reader), "Transpose")) return false;
  const auto perm = perm_of(graph.node(reader));
  if (perm.back() != static_cast<int64_t>(perm.size()) - 1) return false;
  Node& changed = graph.node(id);
  absorb_origin(changed, graph.node(reader));
  changed.op = "TransposeBatchMatMul";
  changed.attrs["perm_y"] = perm;
  const ValueId result = graph.node(reader).outputs[0];
  graph.erase(reader);
  changed.outputs[0] = result;
  graph.value(result).producer = id;
  return true;
}

}  // namespace

Status fold_transposes(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    if (!is_op(graph.node(id), "MatMul")) continue;
    const auto a = shape_of(graph, graph.node(id).inputs[0]), b = shape_of(graph, graph.node(id).inputs[1]);
    // One stack of matrices against another of the same size: a shared right operand needs no batches.
    if (!a || !b || a->size() < 3 || a->size() != b->size() || !std::equal(a->begin(), a->end() - 2, b->begin())) continue;
    bool changed = fold_operand(graph, id, 0);
    changed |= fold_operand(graph, id, 1);
    changed |= fold_result(graph, id);
    if (changed) context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
