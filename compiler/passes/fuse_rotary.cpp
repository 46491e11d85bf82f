// SPDX-License-Identifier: Apache-2.0
// Needs: equal expressions computed once, Unsqueeze as Reshape (canonicalise, eliminate-identities). Guarantees: nothing. Must run
// before decompose-operators, which writes broadcasts out. What the AI core could not do as one task stays as it was written.
#include <array>

#include <fmt/format.h>

#include "compiler/lower/families.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

// One half of another value's rows.
struct Half {
  ValueId whole = kNone;
  bool second = false;
};

bool is_last_axis(const Graph& graph, ValueId id, int64_t axis) {
  const auto rank = static_cast<int64_t>(graph.value(id).type.dims.size());
  return axis == -1 || axis == rank - 1;
}

// The only integer of a constant input.
std::optional<int64_t> integer_of(const Graph& graph, const Node& node, size_t i) {
  const Tensor* tensor = constant_of(graph, node, i);
  return tensor && tensor->elements() == 1 ? std::optional(tensor->to_ints()[0]) : std::nullopt;
}

std::optional<Half> half_of(const Graph& graph, ValueId id) {
  const Node* node = producer_of(graph, id);
  const auto part = shape_of(graph, id);
  if (!node || !part || part->empty() || !(is_op(*node, "Slice") || is_op(*node, "Split"))) return std::nullopt;
  const ValueId whole = node->inputs[0];
  const auto shape = shape_of(graph, whole);
  if (!shape || shape->back() != 2 * part->back()) return std::nullopt;
  if (is_op(*node, "Split")) return is_last_axis(graph, whole, node->int_attr("axis", 0)) ? std::optional(Half{whole, id == node->outputs[1]}) : std::nullopt;
  const auto start = integer_of(graph, *node, 1), axis = integer_of(graph, *node, 3);
  const bool by_one = input_of(*node, 4) == kNone || integer_of(graph, *node, 4) == 1;
  if (!start || !axis || !by_one || !is_last_axis(graph, whole, *axis)) return std::nullopt;
  const int64_t from = *start < 0 ? *start + shape->back() : *start;
  if (from != 0 && from != part->back()) return std::nullopt;
  return Half{whole, from != 0};
}

// The x of -x, or kNone.
ValueId negated(const Graph& graph, ValueId id) {
  const Node* node = producer_of(graph, id);
  if (!node) return kNone;
  if (is_op(*node, "Neg")) return node->inputs[0];
  for (size_t i : {0, 1})
    if (is_op(*node, "Mul") && number_of(graph, *node, i) == -1.0) return node->inputs[1 - i];
  return kNone;
}

// The x of Concat(-second half, first half).
ValueId turned(const Graph& graph, ValueId id) {
  const Node* concat = producer_of(graph, id);
  if (!concat || !is_op(*concat, "Concat") || concat->inputs.size() != 2 || !is_last_axis(graph, id, concat->int_attr("axis", 0))) return kNone;
  const ValueId second = negated(graph, concat->inputs[0]);
  if (second == kNone) return kNone;
  const auto a = half_of(graph, second), b = half_of(graph, concat->inputs[1]);
  return a && b && a->whole == b->whole && a->second && !b->second ? a->whole : kNone;
}

struct Match {
  ValueId x = kNone, cos = kNone, sin = kNone;
  NodeId straight = kNone, crossed = kNone, concat = kNone;  // the two products, and what the second one turns
};

// x * cos + turned(x) * sin, each pair in any order.
std::optional<Match> match(const Graph& graph, const Node& sum) {
  if (!is_op(sum, "Add")) return std::nullopt;
  for (const size_t i : {0, 1}) {
    const Node *crossed = producer_of(graph, sum.inputs[i]), *straight = producer_of(graph, sum.inputs[1 - i]);
    if (!crossed || !straight || !is_op(*crossed, "Mul") || !is_op(*straight, "Mul")) continue;
    for (const size_t j : {0, 1})
      for (const size_t k : {0, 1}) {
        const ValueId x = turned(graph, crossed->inputs[j]);
        if (x == kNone || straight->inputs[k] != x) continue;
        return Match{x, straight->inputs[1 - k], crossed->inputs[1 - j], graph.value(sum.inputs[1 - i]).producer, graph.value(sum.inputs[i]).producer,
                     graph.value(crossed->inputs[j]).producer};
      }
  }
  return std::nullopt;
}

std::optional<std::string> reject(const Graph& graph, const Soc& soc, const Uses& uses, const Match& found) {
  std::array<Shape, 3> shapes;
  for (size_t i = 0; const ValueId id : {found.x, found.cos, found.sin}) {
    const auto shape = shape_of(graph, id);
    if (!shape) return "no fixed shape";
    shapes[i++] = *shape;
  }
  if (auto why = reject_rotary_shapes(soc, shapes[0], shapes[1], shapes[2])) return why;
  for (const NodeId id : {found.straight, found.crossed, found.concat})
    if (const ValueId result = graph.node(id).outputs[0]; uses.single(result) == kNone) return fmt::format("'{}' is read elsewhere too", graph.value(result).name);
  return std::nullopt;
}

}  // namespace

Status fuse_rotary(Graph& graph, PassContext& context) {
  const Uses uses(graph);
  const std::vector<NodeId> order = graph.order();
  for (const NodeId id : order) {
    const auto found = match(graph, graph.node(id));
    if (!found) continue;
    if (const auto why = reject(graph, context.soc, uses, *found)) {
      context.missed(graph.node(id), *why);
      continue;
    }
    Node rotary = make_node("RotaryMul", graph.node(id).name, {found->x, found->cos, found->sin}, graph.node(id).outputs, graph.node(id).origin);
    for (const NodeId absorbed : {found->straight, found->crossed, found->concat}) absorb_origin(rotary, graph.node(absorbed));
    graph.node(id) = std::move(rotary);
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
