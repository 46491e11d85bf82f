// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/graph_model.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace npu::ui {
namespace {

constexpr const char* kTimes = "\xc3\x97";
constexpr size_t kShownValues = 8;  // of a list attribute

template <class T>
std::string list_text(const std::vector<T>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size() && i < kShownValues; ++i) text += fmt::format("{}{}", i ? ", " : "", values[i]);
  return text + (values.size() > kShownValues ? ", ...]" : "]");
}

struct AttrText {
  std::string operator()(const Tensor& t) const { return fmt::format("{}[{}]", to_string(t.dtype()), to_string(t.shape())); }
  std::string operator()(const Subgraph& g) const { return fmt::format("{{{} nodes}}", g->order().size()); }
  std::string operator()(const TensorType& type) const { return to_string(type); }
  std::string operator()(const std::string& s) const { return s; }
  std::string operator()(int64_t v) const { return fmt::format("{}", v); }
  std::string operator()(float v) const { return fmt::format("{}", v); }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    return list_text(values);
  }
};

std::string join(const std::vector<int64_t>& values, const char* separator) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) text += fmt::format("{}{}", i ? separator : "", values[i]);
  return text;
}

void add_word(std::string& text, const std::string& word) {
  if (!word.empty()) text += (text.empty() ? "" : " ") + word;
}

// "s2", "s2x1"; nothing when every value is the usual one.
std::string short_attr(const Node& node, const char* name, const char* letter, int64_t usual) {
  const std::vector<int64_t> values = node.ints_attr(name);
  if (std::ranges::all_of(values, [&](int64_t v) { return v == usual; })) return {};
  const bool same = std::ranges::all_of(values, [&](int64_t v) { return v == values[0]; });
  return letter + (same ? std::to_string(values[0]) : join(values, kTimes));
}

const Value* constant_input(const Graph& graph, const Node& node, size_t index) {
  if (index >= node.inputs.size() || node.inputs[index] == kNone) return nullptr;
  const Value& value = graph.value(node.inputs[index]);
  return value.producer == kNone && value.type.is_static() && !std::ranges::count(graph.inputs, node.inputs[index]) ? &value : nullptr;
}

// By attributes and weights, so that operators nobody thought of here are described as well.
std::string detail_of(const Graph& graph, const Node& node) {
  std::string text;
  const Value* weights = constant_input(graph, node, 1);
  if (const auto kernel = node.ints_attr("kernel_shape"); !kernel.empty()) {
    add_word(text, join(kernel, kTimes));
    add_word(text, short_attr(node, "strides", "s", 1));
    add_word(text, short_attr(node, "dilations", "d", 1));
    if (const int64_t groups = node.int_attr("group", 1); groups != 1) add_word(text, fmt::format("g{}", groups));
    if (weights && !weights->type.dims.empty()) add_word(text, fmt::format("{}", weights->type.dims[0].value()));
    return text;
  }
  if (node.find_attr("perm")) return join(node.ints_attr("perm"), " ");
  for (const char* name : {"src_format", "dst_format", "to", "mode"})
    if (const Attr* attr = node.find_attr(name)) add_word(text, attr_text(*attr));
  if (const Attr* axis = node.find_attr("axis")) add_word(text, "axis " + attr_text(*axis));
  if (const Attr* axes = node.find_attr("axes")) add_word(text, "axes " + attr_text(*axes));
  if (text.empty() && weights && weights->type.dims.size() == 2) {
    const bool turned = node.int_attr("transB", 0) != 0;
    const int64_t rows = weights->type.dims[0].value(), columns = weights->type.dims[1].value();
    return fmt::format("{}\xe2\x86\x92{}", turned ? columns : rows, turned ? rows : columns);
  }
  // A small whole-numbered second input is a shape, axes, or an exponent.
  if (text.empty() && weights && weights->constant && weights->type.dtype == DType::Int64 && weights->constant->elements() <= 6)
    return list_text(weights->constant->to_ints());
  return text;
}

class ModelMaker {
 public:
  ModelMaker(const Graph& graph, bool keep_constants) : graph_(graph), keep_(keep_constants), index_(graph.value_count(), -1) {}

  GraphModel make() {
    model_.name = graph_.name;
    for (const ValueId id : graph_.inputs) add_input(id);
    for (const NodeId id : graph_.order()) add_operator(graph_.node(id));
    for (const ValueId id : graph_.outputs) add_output(id);
    return std::move(model_);
  }

 private:
  int value(ValueId id) {
    if (id == kNone) return -1;
    int& index = index_[static_cast<size_t>(id)];
    if (index >= 0) return index;
    const Value& v = graph_.value(id);
    index = static_cast<int>(model_.values.size());
    model_.values.push_back({v.name, v.type, v.format, -1, keep_ ? v.constant : std::nullopt});
    return index;
  }

  int begin_node() const { return static_cast<int>(model_.nodes.size()); }

  void produce(GraphNode& node, ValueId id, int producer) {
    const int index = value(id);
    node.outputs.push_back(index);
    if (index >= 0) model_.values[static_cast<size_t>(index)].producer = producer;
  }

  void read(GraphNode& node, ValueId id, int reader) {
    const int index = value(id);
    const bool again = index >= 0 && std::ranges::count(node.inputs, index) > 0;
    node.inputs.push_back(index);
    if (index < 0 || again) return;
    const int from = model_.values[static_cast<size_t>(index)].producer;
    if (from >= 0 && from != reader) model_.edges.push_back({from, reader, index});
  }

  void add_input(ValueId id) {
    GraphNode node{.kind = GraphNode::Kind::Input, .name = graph_.value(id).name};
    produce(node, id, begin_node());
    model_.nodes.push_back(std::move(node));
  }

  // A node that is nothing but a tensor is shown as one.
  bool add_constant(const Node& n) {
    const Attr* attr = n.inputs.empty() && n.outputs.size() == 1 && n.outputs[0] != kNone ? n.find_attr("value") : nullptr;
    const Tensor* tensor = attr ? std::get_if<Tensor>(attr) : nullptr;
    if (!tensor || graph_.is_output(n.outputs[0])) return false;
    GraphValue& made = model_.values[static_cast<size_t>(value(n.outputs[0]))];
    made.type = TensorType::of(tensor->dtype(), tensor->shape());
    if (keep_) made.constant = *tensor;
    return true;
  }

  void add_operator(const Node& n) {
    if (add_constant(n)) return;
    GraphNode node{.op = n.op, .name = n.name, .detail = detail_of(graph_, n), .engine = n.engine, .task = n.task, .origin = n.origin};
    for (const auto& [name, attr] : n.attrs) node.attrs.push_back({name, attr_text(attr)});
    const int index = begin_node();
    for (const ValueId id : n.inputs) read(node, id, index);
    for (const ValueId id : n.outputs) produce(node, id, index);
    model_.nodes.push_back(std::move(node));
  }

  void add_output(ValueId id) {
    GraphNode node{.kind = GraphNode::Kind::Output, .name = graph_.value(id).name};
    read(node, id, begin_node());
    model_.nodes.push_back(std::move(node));
  }

  const Graph& graph_;
  bool keep_;
  std::vector<int> index_;  // of a graph's value in the model
  GraphModel model_;
};

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto equal = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), equal) != text.end();
}

}  // namespace

std::string shape_text(const TensorType& type) {
  if (!type.has_rank) return {};
  if (type.dims.empty()) return "scalar";
  std::string text;
  for (const Dim& dim : type.dims)
    text += (text.empty() ? "" : kTimes) + (dim.known() ? std::to_string(dim.value()) : dim.symbol().empty() ? "?" : dim.symbol());
  return text;
}

std::string attr_text(const Attr& attr) { return std::visit(AttrText{}, attr); }

GraphModel graph_model(const Graph& graph, bool keep_constants) { return ModelMaker(graph, keep_constants).make(); }

std::vector<int> find_nodes(const GraphModel& model, std::string_view text) {
  std::vector<int> hits;
  if (text.empty()) return hits;
  // Of what a node reads only its constants: other tensors are found where they are made.
  const auto in_values = [&](const std::vector<int>& values, bool constants) {
    return std::ranges::any_of(values, [&](int v) {
      return v >= 0 && model.values[static_cast<size_t>(v)].is_constant() == constants && contains_ignoring_case(model.values[static_cast<size_t>(v)].name, text);
    });
  };
  for (size_t n = 0; n < model.nodes.size(); ++n) {
    const GraphNode& node = model.nodes[n];
    const auto in_attr = [&](const GraphAttr& a) { return contains_ignoring_case(a.name, text) || contains_ignoring_case(a.value, text); };
    if (contains_ignoring_case(node.name, text) || contains_ignoring_case(node.op, text) || contains_ignoring_case(node.detail, text) ||
        std::ranges::any_of(node.attrs, in_attr) || in_values(node.outputs, false) || in_values(node.inputs, true))
      hits.push_back(static_cast<int>(n));
  }
  return hits;
}

}  // namespace npu::ui
