// SPDX-License-Identifier: Apache-2.0
// Needs: x^2 written as Mul(x, x) and equal expressions computed once (canonicalise, eliminate-identities). Guarantees:
// nothing. Must run before assign-precision: the squares of fp16 values overflow.
#include <cmath>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

// scale * (x - mean) / sqrt(variance + epsilon) + shift
struct Match {
  ValueId x = kNone;
  size_t axis = 0;          // the first normalised one
  double epsilon = 0;
  std::vector<NodeId> nodes;  // Div, then Mul and Add as far as they are there; the last one gives the result
  ValueId scale = kNone, shift = kNone;
};

// The mean over all axes from some axis on, which are kept as ones.
std::optional<size_t> mean_from_axis(const Graph& graph, const Node& node) {
  const auto shape = shape_of(graph, node.inputs[0]);
  if (!is_op(node, "ReduceMean") || node.int_attr("keepdims", 1) == 0 || !shape) return std::nullopt;
  const Tensor* given = constant_of(graph, node, 1);
  const auto axes = normalise_axes(given ? given->to_ints() : node.ints_attr("axes"), static_cast<int64_t>(shape->size()));
  if (!axes || axes->empty()) return std::nullopt;
  for (size_t i = 0; i < axes->size(); ++i)
    if ((*axes)[i] != static_cast<int64_t>(shape->size() - axes->size() + i)) return std::nullopt;
  return static_cast<size_t>(axes->front());
}

// v = ReduceMean((x - mean)^2), sqrt(v + epsilon) below.
std::optional<Match> match_statistics(const Graph& graph, const Node& division) {
  const Node* difference = producer_of(graph, division.inputs[0]);
  const Node* root = producer_of(graph, division.inputs[1]);
  if (!difference || !root || !is_op(*difference, "Sub") || !is_op(*root, "Sqrt")) return std::nullopt;
  const Node* mean = producer_of(graph, difference->inputs[1]);
  const Node* sum = producer_of(graph, root->inputs[0]);
  if (!mean || !sum || !is_op(*sum, "Add") || mean->inputs[0] != difference->inputs[0]) return std::nullopt;
  const auto right = number_of(graph, *sum, 1), left = number_of(graph, *sum, 0);
  if (!right && !left) return std::nullopt;
  const Node* variance = producer_of(graph, sum->inputs[right ? 0 : 1]);
  const Node* square = variance ? producer_of(graph, variance->inputs[0]) : nullptr;
  if (!square || !is_op(*square, "Mul") || square->inputs[0] != division.inputs[0] || square->inputs[1] != division.inputs[0]) return std::nullopt;
  const auto axis = mean_from_axis(graph, *mean), variance_axis = mean_from_axis(graph, *variance);
  if (!axis || axis != variance_axis) return std::nullopt;
  return Match{.x = difference->inputs[0], .axis = *axis, .epsilon = right ? *right : *left};
}

// The constant operand of `op` behind the match, when it is one value for each normalised element.
ValueId parameter(const Graph& graph, const Match& match, std::string_view op, NodeId& id) {
  id = graph.single_consumer(graph.node(match.nodes.back()).outputs[0]);
  if (id == kNone || !is_op(graph.node(id), op)) return kNone;
  const Node& node = graph.node(id);
  const Shape x = *shape_of(graph, match.x);
  const Shape normalised(x.begin() + static_cast<std::ptrdiff_t>(match.axis), x.end());
  for (size_t i : {0, 1}) {
    const Tensor* tensor = constant_of(graph, node, i);
    if (!tensor || tensor->elements() != element_count(normalised)) continue;
    Shape shape = tensor->shape();
    while (shape.size() > normalised.size() && shape.front() == 1) shape.erase(shape.begin());
    if (shape == normalised) return node.inputs[i];
  }
  return kNone;
}

std::optional<Match> match(const Graph& graph, NodeId id) {
  if (!is_op(graph.node(id), "Div")) return std::nullopt;
  auto found = match_statistics(graph, graph.node(id));
  if (!found) return std::nullopt;
  found->nodes = {id};
  NodeId next = kNone;
  if (const ValueId scale = parameter(graph, *found, "Mul", next); scale != kNone) found->scale = scale, found->nodes.push_back(next);
  if (const ValueId shift = parameter(graph, *found, "Add", next); shift != kNone) found->shift = shift, found->nodes.push_back(next);
  return found;
}

ValueId shaped(Graph& graph, ValueId constant, const Shape& shape, Names& names) {
  const Value& value = graph.value(constant);
  if (value.constant->shape() == shape) return constant;
  Tensor tensor = value.constant->reshaped(shape);
  return graph.add_constant(names.unique(value.name + "_row"), std::move(tensor));
}

void rewrite(Graph& graph, const Match& match, Names& names) {
  const Shape x = *shape_of(graph, match.x);
  const Shape normalised(x.begin() + static_cast<std::ptrdiff_t>(match.axis), x.end());
  const NodeId last = match.nodes.back();
  Node fused = make_node("LayerNormalization", graph.node(last).name, {match.x}, graph.node(last).outputs);
  for (NodeId id : match.nodes) absorb_origin(fused, graph.node(id));
  fused.origin.erase(fused.origin.begin());  // its own name stands for the last node's
  if (match.scale == kNone) {
    const std::vector<double> ones(static_cast<size_t>(element_count(normalised)), 1.0);
    Tensor scale = Tensor::from<double>(DType::Float64, normalised, ones).cast(graph.value(match.x).type.dtype);
    fused.inputs.push_back(graph.add_constant(names.unique(fused.name + "_scale"), std::move(scale)));
  } else {
    fused.inputs.push_back(shaped(graph, match.scale, normalised, names));
  }
  if (match.shift != kNone) fused.inputs.push_back(shaped(graph, match.shift, normalised, names));
  fused.attrs["axis"] = static_cast<int64_t>(match.axis) - static_cast<int64_t>(x.size());
  fused.attrs["epsilon"] = static_cast<float>(match.epsilon);
  graph.node(last) = std::move(fused);
}

}  // namespace

Status fuse_layer_norm(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto found = match(graph, id);
    if (!found) continue;
    rewrite(graph, *found, names);
    context.count_rewrite();
  }
  if (context.rewrites > 0) graph.erase_dead();
  return {};
}

}  // namespace npu::pass
