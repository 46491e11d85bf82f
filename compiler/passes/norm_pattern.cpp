// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/norm_pattern.h"

namespace npu::pass {
namespace {

Shape normalised_shape(const Graph& graph, const NormMatch& match) {
  const Shape x = *shape_of(graph, match.x);
  return Shape(x.begin() + static_cast<std::ptrdiff_t>(match.axis), x.end());
}

ValueId shaped(Graph& graph, ValueId constant, const Shape& shape, Names& names) {
  const Value& value = graph.value(constant);
  if (value.constant->shape() == shape) return constant;
  Tensor tensor = value.constant->reshaped(shape);
  return graph.add_constant(names.unique(value.name + "_row"), std::move(tensor));
}

}  // namespace

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

std::optional<RootMeanSquare> match_root_mean_square(const Graph& graph, ValueId root) {
  const Node* sqrt = producer_of(graph, root);
  const Node* sum = sqrt && is_op(*sqrt, "Sqrt") ? producer_of(graph, sqrt->inputs[0]) : nullptr;
  if (!sum || !is_op(*sum, "Add")) return std::nullopt;
  const auto right = number_of(graph, *sum, 1), left = number_of(graph, *sum, 0);
  const Node* mean = right || left ? producer_of(graph, sum->inputs[right ? 0 : 1]) : nullptr;
  const auto axis = mean ? mean_from_axis(graph, *mean) : std::nullopt;
  const Node* square = axis ? producer_of(graph, mean->inputs[0]) : nullptr;
  if (!square || !is_op(*square, "Mul") || square->inputs[0] != square->inputs[1]) return std::nullopt;
  return RootMeanSquare{square->inputs[0], *axis, right ? *right : *left};
}

ValueId take_parameter(const Graph& graph, NormMatch& match, std::string_view op) {
  const NodeId id = graph.single_consumer(graph.node(match.nodes.back()).outputs[0]);
  if (id == kNone || !is_op(graph.node(id), op)) return kNone;
  const Node& node = graph.node(id);
  const Shape normalised = normalised_shape(graph, match);
  for (size_t i : {0, 1}) {
    const Tensor* tensor = constant_of(graph, node, i);
    if (!tensor || tensor->elements() != element_count(normalised)) continue;
    Shape shape = tensor->shape();
    while (shape.size() > normalised.size() && shape.front() == 1) shape.erase(shape.begin());
    if (shape != normalised) continue;
    match.nodes.push_back(id);
    return node.inputs[i];
  }
  return kNone;
}

void replace_by_norm(Graph& graph, const NormMatch& match, std::string op, Names& names) {
  const Shape normalised = normalised_shape(graph, match);
  const NodeId last = match.nodes.back();
  Node fused = make_node(std::move(op), graph.node(last).name, {match.x}, graph.node(last).outputs);
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
  fused.attrs["axis"] = -static_cast<int64_t>(normalised.size());
  fused.attrs["epsilon"] = static_cast<float>(match.epsilon);
  graph.node(last) = std::move(fused);
}

}  // namespace npu::pass
