// SPDX-License-Identifier: Apache-2.0
// Needs: x^2 written as Mul(x, x) and equal expressions computed once (canonicalise, eliminate-identities). Guarantees:
// nothing. Must run before assign-precision: the squares of fp16 values overflow.
#include <fmt/format.h>

#include "compiler/passes/norm_pattern.h"

namespace npu::pass {
namespace {

// Div(x - mean, sqrt(mean of (x - mean)^2 + epsilon))
std::optional<NormMatch> match_statistics(const Graph& graph, const Node& division) {
  const Node* difference = producer_of(graph, division.inputs[0]);
  const auto root = match_root_mean_square(graph, division.inputs[1]);
  if (!difference || !is_op(*difference, "Sub") || !root || root->v != division.inputs[0]) return std::nullopt;
  const Node* mean = producer_of(graph, difference->inputs[1]);
  if (!mean || mean->inputs[0] != difference->inputs[0] || mean_from_axis(graph, *mean) != root->axis) return std::nullopt;
  return NormMatch{.x = difference->inputs[0], .axis = root->axis, .epsilon = root->epsilon};
}

std::optional<NormMatch> match(const Graph& graph, NodeId id) {
  if (!is_op(graph.node(id), "Div")) return std::nullopt;
  auto found = match_statistics(graph, graph.node(id));
  if (!found) return std::nullopt;
  found->nodes = {id};
  found->scale = take_parameter(graph, *found, "Mul");
  found->shift = take_parameter(graph, *found, "Add");
  return found;
}

// Why a quotient of x - mean(x) and a root is no layer normalisation; nothing where it is none of that kind.
std::optional<std::string> reject(const Graph& graph, const Node& division) {
  if (!is_op(division, "Div")) return std::nullopt;
  const Node* difference = producer_of(graph, division.inputs[0]);
  const Node* mean = difference && is_op(*difference, "Sub") ? producer_of(graph, difference->inputs[1]) : nullptr;
  const Node* sqrt = producer_of(graph, division.inputs[1]);
  if (!mean || !is_op(*mean, "ReduceMean") || !sqrt || !is_op(*sqrt, "Sqrt")) return std::nullopt;
  const auto name = [&](ValueId id) { return graph.value(id).name; };
  if (mean->inputs[0] != difference->inputs[0]) return fmt::format("the mean of '{}' is subtracted from '{}'", name(mean->inputs[0]), name(difference->inputs[0]));
  const auto axis = mean_from_axis(graph, *mean);
  if (!axis) return fmt::format("the mean '{}' is not over the last axes of a known shape, or does not keep them", mean->name);
  const auto root = match_root_mean_square(graph, division.inputs[1]);
  if (!root) return fmt::format("'{}' is no root of a mean of squares over the last axes, plus a number", name(division.inputs[1]));
  if (root->v != division.inputs[0]) return fmt::format("the squares are of '{}', not of '{}'", name(root->v), name(division.inputs[0]));
  return fmt::format("the mean is over the axes from {} on, the squares' from {} on", *axis, root->axis);
}

}  // namespace

Status fuse_layer_norm(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto found = match(graph, id);
    if (!found) {
      if (auto why = reject(graph, graph.node(id))) context.missed(graph.node(id), std::move(*why));
      continue;
    }
    replace_by_norm(graph, *found, "LayerNormalization", names);
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
