// SPDX-License-Identifier: Apache-2.0
// Needs: nothing. Guarantees: nothing. The graph's opset becomes 20, the first that has Gelu; between 18 and 20 no form
// that other passes match has changed.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

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

// The Erf of erf(...) + 1.
const Node* gate_of(const Graph& graph, ValueId id) {
  const Node* sum = producer_of(graph, id);
  if (!sum || !is_op(*sum, "Add")) return nullptr;
  for (size_t i : {0, 1}) {
    const auto one = number_of(graph, *sum, i);
    const Node* erf = producer_of(graph, sum->inputs[1 - i]);
    if (one && *one == 1 && erf && is_op(*erf, "Erf")) return erf;
  }
  return nullptr;
}

// The x of erf(x / sqrt(2)).
ValueId erf_operand(const Graph& graph, const Node& erf) {
  const Node* inner = producer_of(graph, erf.inputs[0]);
  return inner ? scaled_operand(graph, *inner) : kNone;
}

// The x of erf(x / sqrt(2)) + 1.
ValueId gate_operand(const Graph& graph, ValueId id) {
  const Node* erf = gate_of(graph, id);
  return erf ? erf_operand(graph, *erf) : kNone;
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

struct Match {
  ValueId x = kNone;
  NodeId inner = kNone;  // the product of two of the three factors
};

std::optional<Match> match(const Graph& graph, const Node& product) {
  if (!is_op(product, "Mul")) return std::nullopt;
  for (size_t i : {0, 1}) {
    const Node* inner = producer_of(graph, product.inputs[i]);
    if (!inner || !is_op(*inner, "Mul")) continue;
    if (const auto x = match_factors(graph, *inner, product, 1 - i)) return Match{*x, graph.value(product.inputs[i]).producer};
  }
  return std::nullopt;
}

// Why a product with a gate erf(...) + 1 is no GELU; nothing where it has none.
std::optional<std::string> reject(const Graph& graph, const Node& product) {
  if (!is_op(product, "Mul")) return std::nullopt;
  for (const ValueId factor : product.inputs) {
    const Node* erf = gate_of(graph, factor);
    if (!erf) continue;
    const ValueId x = erf_operand(graph, *erf);
    if (x == kNone) return fmt::format("the operand of Erf '{}' is no value divided by the root of 2", erf->name);
    return fmt::format("its gate is of '{0}', and the other factors are not 0.5 and '{0}'", graph.value(x).name);
  }
  return std::nullopt;
}

}  // namespace

Status fuse_gelu(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.order();
  std::set<NodeId> fused;
  for (NodeId id : order) {
    const auto found = match(graph, graph.node(id));
    if (!found) continue;
    fused.insert(found->inner);
    Node gelu = make_node("Gelu", graph.node(id).name, {found->x}, graph.node(id).outputs, graph.node(id).origin);
    graph.node(id) = std::move(gelu);
    context.count_rewrite();
  }
  for (NodeId id : order)
    if (!fused.contains(id))
      if (auto why = reject(graph, graph.node(id))) context.missed(graph.node(id), std::move(*why));
  if (context.rewrites > 0) {
    graph.opset = std::max(graph.opset, 20);
    graph.erase_dead();
  }
  return {};
}

}  // namespace npu::pass
