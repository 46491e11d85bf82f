// SPDX-License-Identifier: Apache-2.0
// Needs: fold-batch-norm before it (a BatchNormalization between layer and constant hides the pattern). Guarantees:
// nothing; what stays runs as elementwise nodes behind the layer.
#include <fmt/format.h>

#include "compiler/passes/affine.h"

namespace npu::pass {
namespace {

// x + c, c + x, x - c, c - x, x * c, c * x, x / c for a constant c of each channel; x is operand `data`.
struct Match {
  Affine affine;
  size_t data;
};

std::optional<Match> match(const Graph& graph, const Node& node) {
  const bool add = is_op(node, "Add"), sub = is_op(node, "Sub"), mul = is_op(node, "Mul"), div = is_op(node, "Div");
  if (!add && !sub && !mul && !div) return std::nullopt;
  const auto shape = shape_of(graph, node.outputs[0]);
  if (!shape || shape->size() < 2) return std::nullopt;
  for (size_t data : {size_t{0}, size_t{1}}) {
    if (div && data == 1) continue;
    if (graph.value(node.inputs[data]).type != graph.value(node.outputs[0]).type) continue;
    auto values = per_channel(graph, node, 1 - data, (*shape)[1]);
    if (!values) continue;
    Match found{.affine = {}, .data = data};
    if (add || sub) {
      if (sub && data == 0)
        for (double& v : *values) v = -v;
      if (sub && data == 1) found.affine.scale.assign(values->size(), -1.0);
      found.affine.shift = std::move(*values);
    } else {
      if (div)
        for (double& v : *values) v = 1 / v;
      found.affine.scale = std::move(*values);
    }
    return found;
  }
  return std::nullopt;
}

}  // namespace

Status fuse_bias(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto found = match(graph, graph.node(id));
    if (!found) continue;
    const ValueId data = graph.node(id).inputs[found->data];
    const NodeId layer = graph.value(data).producer;
    if (layer == kNone || !is_linear(graph.node(layer))) continue;
    const std::string why = graph.single_consumer(data) == id ? reject_affine(graph, graph.node(layer))
                                                              : "the layer before is read by others too";
    if (!why.empty()) {
      context.missed(graph.node(id), why);
      continue;
    }
    apply_affine(graph, layer, found->affine, names);
    absorb_origin(graph.node(layer), graph.node(id));
    bypass(graph, id, graph.node(layer).outputs[0]);
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
