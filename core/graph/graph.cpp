// SPDX-License-Identifier: Apache-2.0
#include "core/graph/graph.h"

#include <algorithm>
#include <unordered_set>

namespace npu {

std::string to_string(const Dims& dims) {
  if (dims.empty()) return "scalar";
  std::string text;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) text += 'x';
    text += dims[i].known() ? std::to_string(dims[i].value()) : dims[i].symbol().empty() ? "?" : dims[i].symbol();
  }
  return text;
}

bool all_known(const Dims& dims) {
  return std::ranges::all_of(dims, [](const Dim& dim) { return dim.known(); });
}

Shape to_shape(const Dims& dims) {
  Shape shape;
  for (const Dim& dim : dims) shape.push_back(dim.value());
  return shape;
}

Dims to_dims(const Shape& shape) { return Dims(shape.begin(), shape.end()); }

std::string to_string(const TensorType& type) {
  if (!type.is_tensor()) {
    TensorType element = type;
    element.kind = ValueKind::Tensor;
    const std::string inner = to_string(element);
    if (type.kind == ValueKind::OptionalTensor) return "optional(" + inner + ")";
    return type.kind == ValueKind::Sequence ? "seq(" + inner + ")" : "optional(seq(" + inner + "))";
  }
  std::string text(to_string(type.dtype));
  if (!type.has_rank) return text + "[*]";
  text += '[';
  for (size_t i = 0; i < type.dims.size(); ++i) {
    const Dim& dim = type.dims[i];
    if (i) text += ',';
    text += dim.known() ? std::to_string(dim.value()) : dim.symbol().empty() ? "?" : dim.symbol();
  }
  return text + ']';
}

std::string_view to_string(Engine engine) {
  switch (engine) {
    case Engine::AiCore: return "AI_CORE";
    case Engine::AiCpu: return "AI_CPU";
    case Engine::Host: return "HOST";
    case Engine::Unassigned: break;
  }
  return "UNASSIGNED";
}

const Attr* Node::find_attr(std::string_view key) const {
  const auto found = attrs.find(key);
  return found == attrs.end() ? nullptr : &found->second;
}

const Graph* Node::graph_attr(std::string_view key) const {
  const Attr* attr = find_attr(key);
  const Subgraph* graph = attr ? std::get_if<Subgraph>(attr) : nullptr;
  return graph ? graph->get() : nullptr;
}

namespace {

template <class T, class Fallback>
T attr_or(const Node& node, std::string_view key, Fallback&& fallback) {
  const Attr* attr = node.find_attr(key);
  if (const T* value = attr ? std::get_if<T>(attr) : nullptr) return *value;
  return T(std::forward<Fallback>(fallback));
}

}  // namespace

int64_t Node::int_attr(std::string_view key, int64_t fallback) const { return attr_or<int64_t>(*this, key, fallback); }
float Node::float_attr(std::string_view key, float fallback) const { return attr_or<float>(*this, key, fallback); }
std::string Node::string_attr(std::string_view key, std::string_view fallback) const {
  return attr_or<std::string>(*this, key, fallback);
}
std::vector<int64_t> Node::ints_attr(std::string_view key, std::vector<int64_t> fallback) const {
  return attr_or<std::vector<int64_t>>(*this, key, std::move(fallback));
}
std::vector<float> Node::floats_attr(std::string_view key, std::vector<float> fallback) const {
  return attr_or<std::vector<float>>(*this, key, std::move(fallback));
}

ValueId Graph::add_value(std::string value_name, TensorType type) {
  Value value;
  value.name = std::move(value_name);
  value.type = std::move(type);
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::add_constant(std::string value_name, Tensor tensor) {
  const ValueId id = add_value(std::move(value_name), TensorType::of(tensor.dtype(), tensor.shape()));
  value(id).constant = std::move(tensor);
  return id;
}

ValueId Graph::find_value(std::string_view value_name) const {
  for (size_t i = 0; i < values_.size(); ++i)
    if (values_[i].name == value_name) return static_cast<ValueId>(i);
  return kNone;
}

std::string Graph::unique_value_name(std::string_view wish) const {
  std::unordered_set<std::string_view> names;
  for (const Value& v : values_) names.insert(v.name);
  std::string candidate(wish);
  for (int i = 1; names.contains(candidate); ++i) candidate = std::string(wish) + "_" + std::to_string(i);
  return candidate;
}

void Graph::attach(NodeId id) {
  for (ValueId output : node(id).outputs)
    if (output != kNone) value(output).producer = id;
}

NodeId Graph::append(Node added) {
  nodes_.push_back(std::move(added));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  order_.push_back(id);
  attach(id);
  return id;
}

NodeId Graph::insert_before(NodeId position, Node added) {
  nodes_.push_back(std::move(added));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  order_.insert(std::ranges::find(order_, position), id);
  attach(id);
  return id;
}

NodeId Graph::insert_after(NodeId position, Node added) {
  nodes_.push_back(std::move(added));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  auto place = std::ranges::find(order_, position);
  if (place != order_.end()) ++place;
  order_.insert(place, id);
  attach(id);
  return id;
}

std::vector<NodeId> Graph::consumers(ValueId id) const {
  std::vector<NodeId> found;
  for (NodeId candidate : order_)
    if (std::ranges::count(node(candidate).inputs, id) > 0) found.push_back(candidate);
  return found;
}

bool Graph::is_output(ValueId id) const { return std::ranges::count(outputs, id) > 0; }

std::vector<ValueId> Graph::used_sources() const {
  std::vector<char> used(values_.size(), 0);
  for (NodeId id : order_)
    for (ValueId input : node(id).inputs)
      if (input != kNone) used[static_cast<size_t>(input)] = 1;
  for (ValueId output : outputs) used[static_cast<size_t>(output)] = 1;
  for (ValueId input : inputs) used[static_cast<size_t>(input)] = 0;
  std::vector<ValueId> sources;
  for (size_t i = 0; i < used.size(); ++i)
    if (used[i] && (values_[i].constant || values_[i].producer == kNone)) sources.push_back(static_cast<ValueId>(i));
  return sources;
}

std::vector<ValueId> Graph::used_constants() const {
  std::vector<ValueId> constants = used_sources();
  std::erase_if(constants, [&](ValueId id) { return !value(id).constant; });
  return constants;
}

NodeId Graph::single_consumer(ValueId id) const {
  if (is_output(id)) return kNone;
  const auto found = consumers(id);
  return found.size() == 1 ? found[0] : kNone;
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (NodeId id : order_) std::ranges::replace(node(id).inputs, from, to);
  std::ranges::replace(outputs, from, to);
}

void Graph::erase(NodeId id) {
  std::erase(order_, id);
  for (ValueId output : node(id).outputs)
    if (output != kNone) value(output).producer = kNone;
  nodes_[static_cast<size_t>(id)] = Node{};
}

size_t Graph::erase_dead() {
  std::vector<char> live(values_.size(), 0);
  for (ValueId output : outputs) live[static_cast<size_t>(output)] = 1;
  std::vector<NodeId> dead;
  for (size_t i = order_.size(); i-- > 0;) {
    const Node& candidate = node(order_[i]);
    const bool needed = std::ranges::any_of(candidate.outputs, [&](ValueId v) { return v != kNone && live[static_cast<size_t>(v)]; });
    if (!needed) {
      dead.push_back(order_[i]);
      continue;
    }
    for (ValueId input : candidate.inputs)
      if (input != kNone) live[static_cast<size_t>(input)] = 1;
  }
  for (NodeId id : dead) erase(id);
  return dead.size();
}

Status Graph::sort() {
  std::vector<NodeId> sorted;
  std::vector<char> state(nodes_.size(), 0);  // 0 new, 1 open, 2 placed
  for (NodeId root : order_) {
    std::vector<NodeId> stack{root};
    while (!stack.empty()) {
      const NodeId id = stack.back();
      char& mark = state[static_cast<size_t>(id)];
      if (mark == 2) {
        stack.pop_back();
        continue;
      }
      const bool closing = mark == 1;
      mark = closing ? 2 : 1;
      if (closing) {
        sorted.push_back(id);
        stack.pop_back();
        continue;
      }
      for (size_t i = node(id).inputs.size(); i-- > 0;) {
        const ValueId input = node(id).inputs[i];
        const NodeId producer = input == kNone ? kNone : value(input).producer;
        if (producer == kNone || state[static_cast<size_t>(producer)] == 2) continue;
        if (state[static_cast<size_t>(producer)] == 1)
          return fail(ErrorKind::InvalidModel, node(producer).op + " '" + node(producer).name + "'",
                      "is part of a cycle through '" + value(input).name + "'");
        stack.push_back(producer);
      }
    }
  }
  order_ = std::move(sorted);
  return {};
}

}  // namespace npu
