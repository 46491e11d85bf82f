// SPDX-License-Identifier: Apache-2.0
// Needs: x^2 written as Mul(x, x) and equal expressions computed once (canonicalise, eliminate-identities). Guarantees:
// nothing. Must run before assign-precision: the squares of fp16 values overflow. The graph's opset becomes 23, the first that has
// RMSNormalization.
#include <algorithm>

#include "compiler/passes/norm_pattern.h"

namespace npu::pass {
namespace {

constexpr int kOpset = 23;

// The sqrt of 1 / sqrt(...), written as a reciprocal or a division; kNone for anything else.
ValueId inverted_root(const Graph& graph, ValueId id) {
  const Node* node = producer_of(graph, id);
  if (!node) return kNone;
  if (is_op(*node, "Reciprocal")) return node->inputs[0];
  return is_op(*node, "Div") && number_of(graph, *node, 0) == 1.0 ? node->inputs[1] : kNone;
}

// x / sqrt(mean of x^2 + epsilon), or x times its reciprocal.
std::optional<NormMatch> match(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const bool quotient = is_op(node, "Div");
  if (!quotient && !is_op(node, "Mul")) return std::nullopt;
  for (const size_t i : {1, 0}) {
    const ValueId root = quotient ? node.inputs[1] : inverted_root(graph, node.inputs[i]);
    const auto found = root == kNone ? std::nullopt : match_root_mean_square(graph, root);
    const ValueId x = node.inputs[quotient ? 0 : 1 - i];
    if (!found || found->v != x) continue;
    NormMatch matched{.x = x, .axis = found->axis, .epsilon = found->epsilon, .nodes = {id}};
    matched.scale = take_parameter(graph, matched, "Mul");
    return matched;
  }
  return std::nullopt;
}

}  // namespace

Status fuse_rms_norm(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  // Its form for each channel is of opset 21.
  const bool has_old_form = graph.opset < 21 && std::ranges::any_of(order, [&](NodeId id) { return is_op(graph.node(id), "GroupNormalization"); });
  for (NodeId id : order) {
    const auto found = match(graph, id);
    if (!found) continue;
    if (has_old_form) {
      context.missed(graph.node(id), "the model has a GroupNormalization of an opset below 21");
      continue;
    }
    replace_by_norm(graph, *found, "RMSNormalization", names);
    context.count_rewrite();
  }
  if (context.rewrites == 0) return {};
  graph.opset = std::max(graph.opset, kOpset);
  graph.erase_dead();
  return {};
}

}  // namespace npu::pass
