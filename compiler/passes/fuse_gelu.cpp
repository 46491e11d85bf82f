// SPDX-License-Identifier: Apache-2.0
// Needs: nothing. Guarantees: nothing. The graph's opset becomes 20, the first that has Gelu; between 18 and 20 no form
// that other passes match has changed.
#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

bool near(double value, double wanted) {
  return std::abs(value - wanted) <= 1e-3 * wanted;
}

// x / sqrt(2), as a division or a product: the operand x.
ValueId scaled_operand(const Graph& graph, const Node& node) {
  const double root = std::sqrt(2.0);
  if (is_op(node, "Div")) {
    const auto by = number_of(graph, node, 1);
    return by && near(*by, root) ? node.inputs[0] : kNone;
  }
  if (!is_op(node, "Mul")) return kNone;
  for (size_t i : {0, 1})
    if (const auto factor = number_of(graph, node, i); factor && near(*factor, 1 / root)) return node.inputs[1 - i];
  return kNone;
}

// The x of erf(x / sqrt(2)) + 1.
ValueId gate_operand(const Graph& graph, ValueId id) {
  const Node* sum = producer_of(graph, id);
  if (!sum || !is_op(*sum, "Add")) return kNone;
  for (size_t i : {0, 1}) {
    const auto one = number_of(graph, *sum, i);
    const Node* erf = producer_of(graph, sum->inputs[1 - i]);
    if (!one || *one != 1 || !erf || !is_op(*erf, "Erf")) continue;
    const Node* inner = producer_of(graph, erf->inputs[0]);
    return inner ? scaled_operand(graph, *inner) : kNone;
  }
  return kNone;
}

// x * gate * 0.5 in any order and grouping: two of the factors stand in a product `inner` of their own.
std::optional<ValueId> match_factors(const Graph& graph, const Node& inner, const Node& outer, size_t other) {
  const std::array<std::pair<const Node*, size_t>, 3> factors{{{&inner, 0}, {&inner, 1}, {&outer, other}}};
  ValueId gated = kNone;
  bool half = false;
  std::array<ValueId, 3> values{};
  for (size_t i = 0; i < 3; ++i) {
    const auto& [node, input] = factors[i];
    values[i] = node->inputs[input];
    if (const auto number = number_of(graph, *node, input); number && *number == 0.5) half = true;
    else if (const ValueId x = gate_operand(graph, values[i]); x != kNone) gated = x;
  }
  if (!half || gated == kNone || std::ranges::count(values, gated) != 1) return std::nullopt;
  return gated;
}

std::optional<ValueId> match(const Graph& graph, const Node& product) {
  if (!is_op(product, "Mul")) return std::nullopt;
  for (size_t i : {0, 1}) {
    const Node* inner = producer_of(graph, product.inputs[i]);
    if (!inner || !is_op(*inner, "Mul")) continue;
    if (const auto x = match_factors(graph, *inner, product, 1 - i)) return x;
  }
  return std::nullopt;
}

}  // namespace

Status fuse_gelu(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto x = match(graph, graph.node(id));
    if (!x) continue;
    Node gelu = make_node("Gelu", graph.node(id).name, {*x}, graph.node(id).outputs, graph.node(id).origin);
    graph.node(id) = std::move(gelu);
    context.count_rewrite();
  }
  if (context.rewrites > 0) {
    graph.opset = std::max(graph.opset, 20);
    graph.erase_dead();
  }
  return {};
}

}  // namespace npu::pass
