// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/rewrite.h"

#include <algorithm>

namespace npu::pass {

Uses::Uses(const Graph& graph) : readers_(graph.value_count()), outputs_(graph.value_count()) {
  for (NodeId id : graph.order())
    for (ValueId input : graph.node(id).inputs) {
      if (input == kNone) continue;
      auto& readers = readers_[static_cast<size_t>(input)];
      if (readers.empty() || readers.back() != id) readers.push_back(id);
    }
  for (ValueId output : graph.outputs) outputs_[static_cast<size_t>(output)] = true;
}

Names::Names(const Graph& graph) {
  for (size_t i = 0; i < graph.value_count(); ++i) taken_.insert(graph.value(static_cast<ValueId>(i)).name);
}

std::string Names::unique(std::string_view wish) {
  std::string name(wish);
  for (int i = 1; !taken_.insert(name).second; ++i) name = std::string(wish) + "_" + std::to_string(i);
  return name;
}

Node make_node(std::string_view op, std::string name, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
               std::vector<std::string> origin) {
  Node node;
  node.op = op;
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  node.origin = std::move(origin);
  return node;
}

bool is_op(const Node& node, std::string_view op) {
  return node.op == op;
}

ValueId input_of(const Node& node, size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : kNone;
}

const Tensor* constant_of(const Graph& graph, const Node& node, size_t i) {
  const ValueId id = input_of(node, i);
  return graph.is_constant(id) ? &*graph.value(id).constant : nullptr;
}

std::optional<double> number_of(const Graph& graph, const Node& node, size_t i) {
  const Tensor* tensor = constant_of(graph, node, i);
  if (!tensor || tensor->elements() != 1 || !is_float(tensor->dtype())) return std::nullopt;
  return tensor->to_doubles()[0];
}

std::optional<Shape> shape_of(const Graph& graph, ValueId id) {
  if (id == kNone || !graph.value(id).type.is_static()) return std::nullopt;
  return to_shape(graph.value(id).type.dims);
}

const Node* producer_of(const Graph& graph, ValueId id) {
  if (id == kNone || graph.value(id).producer == kNone) return nullptr;
  return &graph.node(graph.value(id).producer);
}

Tensor ints_tensor(const std::vector<int64_t>& values) {
  return Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(values.size())}, values);
}

std::optional<std::vector<int64_t>> normalise_axes(std::vector<int64_t> axes, int64_t rank) {
  for (int64_t& axis : axes) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return std::nullopt;
  }
  std::ranges::sort(axes);
  return axes;
}

void swap_names(Graph& graph, ValueId a, ValueId b) {
  std::swap(graph.value(a).name, graph.value(b).name);
}

bool bypass(Graph& graph, NodeId id, ValueId replacement) {
  const ValueId old = graph.node(id).outputs[0];
  if (graph.is_output(old)) {
    if (graph.value(replacement).producer == kNone || graph.is_output(replacement)) return false;
    swap_names(graph, old, replacement);
  }
  graph.replace_uses(old, replacement);
  graph.erase(id);
  return true;
}

void absorb_origin(Node& survivor, const Node& absorbed) {
  if (survivor.origin.empty()) survivor.origin.push_back(survivor.name);
  if (absorbed.origin.empty()) {
    survivor.origin.push_back(absorbed.name);
  } else {
    survivor.origin.insert(survivor.origin.end(), absorbed.origin.begin(), absorbed.origin.end());
  }
}

}  // namespace npu::pass
