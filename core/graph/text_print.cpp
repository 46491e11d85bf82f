// SPDX-License-Identifier: Apache-2.0
// Graph to text; text_parse.cpp is the inverse. One line a value or node:
//   graph "mnist" opset 13
//   input %x : float32[batch,1,28,28]
//   const %w : float32[8,1,5,5] @FRACTAL_Z = #a1b2c3d4e5f60718       (or [1.0, 2.0], or ? when dropped)
//   %y : float16[1,8,28,28] @NC1HWC0 = Conv(%x, %w, _) {group=1, pads=[2, 2, 2, 2]} "conv1" engine=AI_CORE task=3
//   output %y
// A sub-graph's values of the graph around it are 'capture' lines; as an attribute it is graph "its text".
// A node's name is left out when it is that of its first output, its origin when that is its name alone.
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "core/base/hash.h"
#include "core/graph/graph.h"
#include "core/graph/text.h"

namespace npu {

namespace {

using Out = std::back_insert_iterator<std::string>;

void print_quoted(Out out, std::string_view text) {
  *out++ = '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out = fmt::format_to(out, "\\{}", c);
    else if (byte < 32 || byte == 127)
      out = fmt::format_to(out, "\\x{:02x}", byte);
    else
      *out++ = c;
  }
  *out++ = '"';
}

void print_name(Out out, std::string_view name) {
  *out++ = '%';
  if (!name.empty() && std::ranges::all_of(name, is_name_char))
    fmt::format_to(out, "{}", name);
  else
    print_quoted(out, name);
}

template <class T>
void print_number(Out out, T value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    print_number(out, static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    const std::string text = fmt::format("{}", value);
    fmt::format_to(out, "{}{}", text, text.find_first_not_of("-0123456789") == std::string::npos ? ".0" : "");
  } else {
    fmt::format_to(out, "{}", static_cast<std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>>(value));
  }
}

template <class List, class Print>
void print_list(Out out, const List& list, Print print) {
  *out++ = '[';
  bool first = true;
  for (const auto& item : list) {
    if (!std::exchange(first, false)) fmt::format_to(out, ", ");
    print(out, item);
  }
  *out++ = ']';
}

void print_type(Out out, const TensorType& type) {
  if (!type.is_tensor()) {
    TensorType element = type;
    element.kind = ValueKind::Tensor;
    fmt::format_to(out, "{}(", type.kind == ValueKind::Sequence ? "seq" : type.kind == ValueKind::OptionalTensor ? "optional" : "optional_seq");
    print_type(out, element);
    *out++ = ')';
    return;
  }
  fmt::format_to(out, "{}[", to_string(type.dtype));
  if (!type.has_rank) *out++ = '*';
  for (size_t i = 0; type.has_rank && i < type.dims.size(); ++i) {
    const Dim& dim = type.dims[i];
    if (i) *out++ = ',';
    if (dim.known())
      fmt::format_to(out, "{}", dim.value());
    else if (dim.symbol().empty())
      *out++ = '?';
    else if (is_symbol(dim.symbol()))
      fmt::format_to(out, "{}", dim.symbol());
    else
      print_quoted(out, dim.symbol());
  }
  *out++ = ']';
}

// NaNs have payloads that a number does not show.
bool has_nan(const Tensor& tensor) {
  if (!is_float(tensor.dtype())) return false;
  const auto values = tensor.to_doubles();
  return std::ranges::any_of(values, [](double value) { return std::isnan(value); });
}

void print_elements(Out out, const Tensor& tensor) {
  if (is_string(tensor.dtype())) return print_list(out, tensor.strings(), print_quoted);
  if (is_narrow(tensor.dtype())) return print_elements(out, tensor.relabelled(DType::UInt8));  // their bits
  if (tensor.elements() > kInlineConstant || has_nan(tensor)) {
    fmt::format_to(out, "#{:016x}", hash_bytes(tensor.bytes()));
    return;
  }
  visit_dtype(tensor.dtype(),
              [&]<class T>() { print_list(out, tensor.data<T>(), [](Out o, T value) { print_number(o, value); }); });
}

struct AttrPrinter {
  Out out;

  void operator()(int64_t value) const { print_number(out, value); }
  void operator()(float value) const { print_number(out, value); }
  void operator()(const std::string& value) const { print_quoted(out, value); }
  void operator()(const std::vector<int64_t>& values) const {
    if (values.empty()) fmt::format_to(out, "ints");
    print_list(out, values, print_number<int64_t>);
  }
  void operator()(const std::vector<float>& values) const {
    if (values.empty()) fmt::format_to(out, "floats");
    print_list(out, values, print_number<float>);
  }
  void operator()(const std::vector<std::string>& values) const {
    if (values.empty()) fmt::format_to(out, "strings");
    print_list(out, values, print_quoted);
  }
  void operator()(const Subgraph& value) const {
    fmt::format_to(out, "graph ");
    print_quoted(out, print_graph(*value));
  }
  void operator()(const TensorType& value) const {
    fmt::format_to(out, "type ");
    print_type(out, value);
  }
  void operator()(const Tensor& value) const {
    print_type(out, TensorType::of(value.dtype(), value.shape()));
    fmt::format_to(out, " ");
    print_elements(out, value);
  }
};

// "%x : float32[1,2] @FORMAT"
void print_value(Out out, const Value& value) {
  print_name(out, value.name);
  if (value.type.dtype != DType::Undefined || value.type.has_rank) {
    fmt::format_to(out, " : ");
    print_type(out, value.type);
  }
  if (value.format != Format::ND) fmt::format_to(out, " @{}", to_string(value.format));
}

void print_attrs(Out out, const Node& node) {
  if (node.attrs.empty()) return;
  fmt::format_to(out, " {{");
  bool first = true;
  for (const auto& [key, value] : node.attrs) {
    if (!std::exchange(first, false)) fmt::format_to(out, ", ");
    if (is_symbol(key))
      fmt::format_to(out, "{}", key);
    else
      print_quoted(out, key);
    *out++ = '=';
    std::visit(AttrPrinter{out}, value);
  }
  *out++ = '}';
}

void print_node(Out out, const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (i) fmt::format_to(out, ", ");
    if (node.outputs[i] == kNone)
      *out++ = '_';
    else
      print_value(out, graph.value(node.outputs[i]));
  }
  fmt::format_to(out, "{}= ", node.outputs.empty() ? "" : " ");
  if (is_symbol(node.op))
    fmt::format_to(out, "{}", node.op);
  else
    print_quoted(out, node.op);
  *out++ = '(';
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i) fmt::format_to(out, ", ");
    if (node.inputs[i] == kNone)
      *out++ = '_';
    else
      print_name(out, graph.value(node.inputs[i]).name);
  }
  *out++ = ')';
  print_attrs(out, node);
  if (node.name != default_node_name(graph, node)) {
    *out++ = ' ';
    print_quoted(out, node.name);
  }
  if (node.engine != Engine::Unassigned) fmt::format_to(out, " engine={}", to_string(node.engine));
  if (node.task != kNone) fmt::format_to(out, " task={}", node.task);
  if (node.origin.size() != 1 || node.origin[0] != node.name) {
    fmt::format_to(out, " from=");
    print_list(out, node.origin, print_quoted);
  }
}

}  // namespace

std::string print_graph(const Graph& graph) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "graph ");
  print_quoted(out, graph.name);
  fmt::format_to(out, " opset {}\n", graph.opset);
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    fmt::format_to(out, "{} ", i + graph.captures >= graph.inputs.size() ? "capture" : "input");
    print_value(out, graph.value(id));
    text += '\n';
  }
  for (const ValueId id : graph.used_sources()) {
    fmt::format_to(out, "const ");
    print_value(out, graph.value(id));
    fmt::format_to(out, " = ");
    if (graph.value(id).constant)
      print_elements(out, *graph.value(id).constant);
    else
      text += '?';
    text += '\n';
  }
  for (const NodeId id : graph.order()) {
    print_node(out, graph, graph.node(id));
    text += '\n';
  }
  for (const ValueId id : graph.outputs) {
    fmt::format_to(out, "output ");
    print_name(out, graph.value(id).name);
    text += '\n';
  }
  return text;
}

}  // namespace npu
