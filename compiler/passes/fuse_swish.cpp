// SPDX-License-Identifier: Apache-2.0
// Needs: nothing. Guarantees: nothing. The graph's opset becomes 24, the first that has Swish; between 18 and 24 no form
// that other passes match has changed.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

struct Match {
  ValueId x;
  float alpha;
};

// product: x * sigmoid(alpha * x).
std::optional<Match> match(const Graph& graph, const Node& product) {
  if (!is_op(product, "Mul")) return std::nullopt;
  for (size_t i : {0, 1}) {
    const Node* gate = producer_of(graph, product.inputs[i]);
    if (!gate || !is_op(*gate, "Sigmoid")) continue;
    const ValueId x = product.inputs[1 - i], argument = gate->inputs[0];
    if (argument == x) return Match{x, 1.0f};
    const Node* scaled = producer_of(graph, argument);
    if (!scaled || !is_op(*scaled, "Mul")) continue;
    for (size_t j : {0, 1})
      if (const auto alpha = number_of(graph, *scaled, j); alpha && scaled->inputs[1 - j] == x) return Match{x, static_cast<float>(*alpha)};
  }
  return std::nullopt;
}

// Why a product with a sigmoid is no Swish; nothing where none of its factors is one.
std::optional<std::string> reject(const Graph& graph, const Node& product) {
  if (!is_op(product, "Mul")) return std::nullopt;
  for (size_t i : {0, 1}) {
    const Node* gate = producer_of(graph, product.inputs[i]);
    if (gate && is_op(*gate, "Sigmoid"))
      return fmt::format("its gate is the sigmoid of '{}', no constant multiple of '{}'", graph.value(gate->inputs[0]).name, graph.value(product.inputs[1 - i]).name);
  }
  return std::nullopt;
}

}  // namespace

Status fuse_swish(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto found = match(graph, graph.node(id));
    if (!found) {
      if (auto why = reject(graph, graph.node(id))) context.missed(graph.node(id), std::move(*why));
      continue;
    }
    Node swish = make_node("Swish", graph.node(id).name, {found->x}, graph.node(id).outputs, graph.node(id).origin);
    if (found->alpha != 1.0f) swish.attrs["alpha"] = found->alpha;
    graph.node(id) = std::move(swish);
    context.count_rewrite();
  }
  if (context.rewrites > 0) {
    graph.opset = std::max(graph.opset, 24);
    graph.erase_dead();
  }
  return {};
}

}  // namespace npu::pass
