// SPDX-License-Identifier: Apache-2.0
// Text to graph; the form is described in text_print.cpp. Empty lines and lines that begin with // are skipped.
#include <charconv>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>

#include "core/base/math.h"
#include "core/graph/graph.h"
#include "core/graph/text.h"

namespace npu {

namespace {

// Zeros made for constants whose elements the text does not hold.
constexpr uint64_t kMaxZeroBytes = uint64_t{1} << 30;
constexpr int kMaxDepth = 16;  // of sub-graphs

class Parser {
 public:
  Parser(std::string_view text, const Graph* constants) : text_(text) {
    for (size_t i = 0; constants && i < constants->value_count(); ++i) {
      const Value& value = constants->value(static_cast<ValueId>(i));
      if (value.constant) known_.emplace(value.name, &*value.constant);
    }
    for (size_t i = 0; constants && i < constants->order().size(); ++i)
      for (const auto& [key, attr] : constants->node(constants->order()[i]).attrs)
        if (const Tensor* tensor = std::get_if<Tensor>(&attr))
          known_.emplace(attr_key(default_node_name(*constants, constants->node(constants->order()[i])), key), tensor);
  }

  Result<Graph> run() {
    for (; !text_.empty(); ++line_) {
      const size_t end = std::min(text_.find('\n'), text_.size());
      rest_ = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      skip_space();
      if (rest_.empty() || rest_.starts_with("//")) continue;
      NPU_CHECK(parse_line());
      skip_space();
      if (!rest_.empty()) return error("unexpected '" + std::string(rest_.substr(0, 20)) + "'");
    }
    return std::move(graph_);
  }

 private:
  static std::string attr_key(std::string_view node, std::string_view attr) {
    return std::string(node) + '\0' + std::string(attr);
  }

  std::unexpected<Error> error(std::string what) const {
    return fail(ErrorKind::InvalidArgument, "graph text line " + std::to_string(line_), std::move(what));
  }

  // --- Tokens: every one skips the space before it ---------------------------------------------------------

  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r')) rest_.remove_prefix(1);
  }

  bool peek(char c) {
    skip_space();
    return !rest_.empty() && rest_[0] == c;
  }

  bool accept(std::string_view token) {
    skip_space();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  Status expect(std::string_view token) {
    if (accept(token)) return {};
    return error("expected '" + std::string(token) + "' before '" + std::string(rest_.substr(0, 20)) + "'");
  }

  template <class Accept>
  std::string_view take_while(Accept accepts) {
    size_t length = 0;
    while (length < rest_.size() && accepts(rest_[length])) ++length;
    const std::string_view token = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return token;
  }

  Result<std::string> quoted() {
    NPU_CHECK(expect("\""));
    std::string value;
    while (!rest_.empty() && rest_[0] != '"') {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\\') {
        if (rest_.empty()) break;
        c = rest_[0];
        rest_.remove_prefix(1);
        if (c == 'x') {
          unsigned code = 0;
          const auto [end, status] =
              std::from_chars(rest_.data(), rest_.data() + std::min<size_t>(2, rest_.size()), code, 16);
          if (status != std::errc() || end != rest_.data() + 2) return error("\\x needs two hexadecimal digits");
          rest_.remove_prefix(2);
          c = static_cast<char>(code);
        }
      }
      value += c;
    }
    NPU_CHECK(expect("\""));
    return value;
  }

  Result<std::string> word() {
    if (peek('"')) return quoted();
    const std::string_view token = take_while(is_symbol_char);
    if (!is_symbol(token))
      return error("expected a word before '" + std::string(token) + std::string(rest_.substr(0, 20)) + "'");
    return std::string(token);
  }

  Result<std::string> value_name() {
    NPU_CHECK(expect("%"));
    if (!rest_.empty() && rest_[0] == '"') return quoted();
    const std::string_view token = take_while(is_name_char);
    if (token.empty()) return error("expected a name after '%'");
    return std::string(token);
  }

  std::string_view number_token() {
    skip_space();
    return take_while([](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '-'; });
  }

  template <class T>
  Result<T> to_number(std::string_view token) const {
    const auto bad = [&](std::string_view wanted) {
      return error("'" + std::string(token) + "' is not " + std::string(wanted));
    };
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      NPU_TRY(const float value, to_number<float>(token));
      return T(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      const std::string copy(token);
      char* end = nullptr;
      const T value = std::is_same_v<T, float> ? static_cast<T>(std::strtof(copy.c_str(), &end))
                                               : static_cast<T>(std::strtod(copy.c_str(), &end));
      if (copy.empty() || end != copy.c_str() + copy.size()) return bad("a number");
      return value;
    } else {
      using Wide = std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>;
      Wide value = 0;
      const auto [end, status] = std::from_chars(token.data(), token.data() + token.size(), value);
      if (status != std::errc() || end != token.data() + token.size()) return bad("an integer");
      if (value < static_cast<Wide>(std::numeric_limits<T>::min()) ||
          value > static_cast<Wide>(std::numeric_limits<T>::max()))
        return bad("in the range of its type");
      return static_cast<T>(value);
    }
  }

  template <class T>
  Result<T> number() {
    return to_number<T>(number_token());
  }

  // "[" item ", " ... "]"
  template <class Item>
  Status list(Item item) {
    NPU_CHECK(expect("["));
    if (accept("]")) return {};
    do NPU_CHECK(item());
    while (accept(","));
    return expect("]");
  }

  template <class T>
  Result<std::vector<T>> numbers() {
    std::vector<T> values;
    NPU_CHECK(list([&]() -> Status {
      NPU_TRY(T value, number<T>());
      values.push_back(value);
      return {};
    }));
    return values;
  }

  Result<std::vector<std::string>> strings() {
    std::vector<std::string> values;
    NPU_CHECK(list([&]() -> Status {
      NPU_TRY(std::string value, quoted());
      values.push_back(std::move(value));
      return {};
    }));
    return values;
  }

  // --- Types and values ------------------------------------------------------------------------------------

  Result<Dim> dim() {
    if (accept("?")) return Dim();
    skip_space();
    if (!rest_.empty() && is_digit(rest_[0])) {
      NPU_TRY(const int64_t value, number<int64_t>());
      return Dim(value);
    }
    NPU_TRY(std::string symbol, word());
    if (symbol.empty()) return error("a dimension has an empty symbol");
    return Dim(std::move(symbol));
  }

  Result<TensorType> type() {
    NPU_TRY(const std::string name, word());
    for (const auto& [word, kind] : {std::pair{"seq", ValueKind::Sequence}, std::pair{"optional", ValueKind::OptionalTensor},
                                     std::pair{"optional_seq", ValueKind::OptionalSequence}}) {
      if (name != word) continue;
      NPU_CHECK(expect("("));
      NPU_TRY(TensorType element, tensor_type(std::string()));
      NPU_CHECK(expect(")"));
      element.kind = kind;
      return element;
    }
    return tensor_type(name);
  }

  // The name of the element type may have been read.
  Result<TensorType> tensor_type(std::string name) {
    if (name.empty()) {
      NPU_TRY(name, word());
    }
    TensorType type;
    const auto dtype = dtype_from_name(name);
    if (!dtype) return error("'" + name + "' is no element type");
    type.dtype = *dtype;
    if (accept("[*]")) return type;
    type.has_rank = true;
    NPU_CHECK(list([&]() -> Status {
      NPU_TRY(Dim value, dim());
      type.dims.push_back(std::move(value));
      return {};
    }));
    return type;
  }

  // "%name : type @FORMAT"; the value is new.
  Result<ValueId> new_value() {
    NPU_TRY(const std::string name, value_name());
    TensorType value_type;
    if (accept(":")) {
      NPU_TRY(value_type, type());
    }
    const auto [place, added] = values_.try_emplace(name, kNone);
    if (!added) return error("'" + name + "' is already defined");
    place->second = graph_.add_value(name, std::move(value_type));
    if (accept("@")) {
      NPU_TRY(const std::string format_name, word());
      const auto format = format_from_name(format_name);
      if (!format) return error("'" + format_name + "' is no format");
      graph_.value(place->second).format = *format;
    }
    return place->second;
  }

  Result<ValueId> known_value() {
    NPU_TRY(const std::string name, value_name());
    const auto found = values_.find(name);
    if (found == values_.end()) return error("'" + name + "' is not defined");
    return found->second;
  }

  // "[1, 2]", or "#hash" for a tensor that `constants` holds under the key.
  Result<Tensor> elements(const TensorType& type, const std::string& key) {
    if (type.dtype == DType::Undefined || !type.is_static()) return error("a constant needs a complete type");
    const Shape shape = to_shape(type.dims);
    NPU_TRY(const int64_t count, checked_element_count(shape, "graph text line " + std::to_string(line_)));
    if (accept("#")) {
      if (take_while([](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }).size() != 16)
        return error("a hash has 16 hexadecimal digits");
      if (const auto found = known_.find(key);
          found != known_.end() && found->second->dtype() == type.dtype && found->second->shape() == shape)
        return *found->second;
      zero_bytes_ += static_cast<uint64_t>(count) * dtype_size(type.dtype);
      if (zero_bytes_ > kMaxZeroBytes)
        return error("the constants are larger than " + std::to_string(kMaxZeroBytes) + " bytes");
      return Tensor(type.dtype, shape);
    }
    if (is_string(type.dtype)) {
      NPU_TRY(auto values, strings());
      if (static_cast<int64_t>(values.size()) != count)
        return error(to_string(type) + " has " + std::to_string(count) + " elements, not " + std::to_string(values.size()));
      return Tensor::of_strings(shape, std::move(values));
    }
    if (is_narrow(type.dtype)) {
      NPU_TRY(const Tensor bits, elements(TensorType::of(DType::UInt8, shape), key));
      return bits.relabelled(type.dtype);
    }
    return visit_dtype(type.dtype, [&]<class T>() -> Result<Tensor> {
      using Stored = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;
      NPU_TRY(const auto values, numbers<Stored>());
      if (static_cast<int64_t>(values.size()) != count)
        return error(to_string(type) + " has " + std::to_string(count) + " elements, not " +
                     std::to_string(values.size()));
      if (std::is_same_v<T, bool> && std::ranges::any_of(values, [](Stored v) { return static_cast<float>(v) > 1; }))
        return error("a bool is 0 or 1");
      return Tensor::from<Stored>(type.dtype, shape, values);
    });
  }

  // --- Nodes -----------------------------------------------------------------------------------------------

  static bool is_integer(std::string_view token) {
    return token.find_first_not_of("-0123456789") == std::string_view::npos;
  }

  Result<Attr> number_attr(std::string_view token) const {
    if (is_integer(token)) {
      NPU_TRY(const int64_t value, to_number<int64_t>(token));
      return Attr(value);
    }
    NPU_TRY(const float value, to_number<float>(token));
    return Attr(value);
  }

  // "[...]" of strings, or of numbers: floats when one of them has a point, an exponent or a name.
  Result<Attr> list_attr() {
    if (rest_.size() > 1 && rest_[1] == '"') {
      NPU_TRY(auto values, strings());
      return Attr(std::move(values));
    }
    std::vector<std::string_view> tokens;
    NPU_CHECK(list([&]() -> Status {
      tokens.push_back(number_token());
      return {};
    }));
    if (std::ranges::all_of(tokens, is_integer)) return converted<int64_t>(tokens);
    return converted<float>(tokens);
  }

  template <class T>
  Result<Attr> converted(const std::vector<std::string_view>& tokens) const {
    std::vector<T> values;
    for (const std::string_view token : tokens) {
      NPU_TRY(const T value, to_number<T>(token));
      values.push_back(value);
    }
    return Attr(std::move(values));
  }

  Result<Attr> attr(const std::string& key) {
    if (peek('"')) {
      NPU_TRY(std::string value, quoted());
      return Attr(std::move(value));
    }
    if (peek('[')) return list_attr();
    if (accept("graph ")) {
      NPU_TRY(const std::string text, quoted());
      if (depth_ >= kMaxDepth) return error("graphs are nested more than " + std::to_string(kMaxDepth) + " deep");
      Parser inner(text, nullptr);
      inner.depth_ = depth_ + 1;
      NPU_TRY(Graph graph, inner.run());
      return Attr(std::make_shared<const Graph>(std::move(graph)));
    }
    if (accept("type ")) {
      NPU_TRY(TensorType value, type());
      return Attr(std::move(value));
    }
    const std::string_view at = rest_;
    const std::string_view token = number_token();
    if (!peek('[')) return number_attr(token);
    if (token == "ints" && accept("[]")) return Attr(std::vector<int64_t>());
    if (token == "floats" && accept("[]")) return Attr(std::vector<float>());
    if (token == "strings" && accept("[]")) return Attr(std::vector<std::string>());
    rest_ = at;
    NPU_TRY(const TensorType tensor_type, type());
    NPU_TRY(Tensor tensor, elements(tensor_type, key));
    return Attr(std::move(tensor));
  }

  Status attrs(Node& node) {
    if (!accept("{") || accept("}")) return {};
    do {
      NPU_TRY(std::string key, word());
      NPU_CHECK(expect("="));
      NPU_TRY(Attr value, attr(attr_key(default_node_name(graph_, node), key)));
      if (!node.attrs.emplace(key, std::move(value)).second) return error("attribute '" + key + "' is given twice");
    } while (accept(","));
    return expect("}");
  }

  Status inputs(Node& node) {
    NPU_CHECK(expect("("));
    if (accept(")")) return {};
    do {
      node.inputs.push_back(kNone);
      if (accept("_")) continue;
      NPU_TRY(node.inputs.back(), known_value());
    } while (accept(","));
    return expect(")");
  }

  Status engine(Node& node) {
    NPU_TRY(const std::string name, word());
    for (const Engine candidate : {Engine::AiCore, Engine::AiCpu, Engine::Host})
      if (to_string(candidate) == name) node.engine = candidate;
    return node.engine == Engine::Unassigned ? Status(error("'" + name + "' is no engine")) : Status();
  }

  Status parse_node() {
    std::vector<ValueId> outputs;
    while (!peek('=')) {
      if (!outputs.empty()) NPU_CHECK(expect(","));
      outputs.push_back(kNone);
      if (accept("_")) continue;
      NPU_TRY(outputs.back(), new_value());
    }
    NPU_CHECK(expect("="));
    Node node;
    NPU_TRY(node.op, word());
    node.outputs = std::move(outputs);
    NPU_CHECK(inputs(node));
    for (const ValueId input : node.inputs)
      if (input != kNone && std::ranges::count(node.outputs, input)) return error("a node reads its own output");
    NPU_CHECK(attrs(node));
    node.name = default_node_name(graph_, node);
    if (peek('"')) {
      NPU_TRY(node.name, quoted());
    }
    if (accept("engine=")) NPU_CHECK(engine(node));
    if (accept("task=")) {
      NPU_TRY(node.task, number<int32_t>());
    }
    node.origin = {node.name};
    if (accept("from=")) {
      NPU_TRY(node.origin, strings());
    }
    graph_.append(std::move(node));
    return {};
  }

  Status parse_line() {
    if (peek('%') || peek('_') || peek('=')) return parse_node();
    if (accept("graph ")) {
      NPU_TRY(graph_.name, quoted());
      NPU_CHECK(expect("opset"));
      NPU_TRY(graph_.opset, number<int>());
      return {};
    }
    if (accept("input ")) {
      if (graph_.captures > 0) return error("an input after a capture");
      NPU_TRY(const ValueId id, new_value());
      graph_.inputs.push_back(id);
      return {};
    }
    if (accept("capture ")) {
      NPU_TRY(const ValueId id, new_value());
      graph_.inputs.push_back(id);
      ++graph_.captures;
      return {};
    }
    if (accept("const ")) {
      NPU_TRY(const ValueId id, new_value());
      NPU_CHECK(expect("="));
      if (accept("?")) return {};
      NPU_TRY(graph_.value(id).constant, elements(graph_.value(id).type, graph_.value(id).name));
      return {};
    }
    if (accept("output ")) {
      NPU_TRY(const ValueId id, known_value());
      graph_.outputs.push_back(id);
      return {};
    }
    return error("a line begins with graph, input, capture, const, output or a value, not '" + std::string(rest_.substr(0, 20)) +
                 "'");
  }

  std::string_view text_;
  std::string_view rest_;  // of the line
  int line_ = 1;
  Graph graph_;
  uint64_t zero_bytes_ = 0;
  int depth_ = 0;
  std::map<std::string, ValueId, std::less<>> values_;
  std::map<std::string, const Tensor*, std::less<>> known_;
};

}  // namespace

Result<Graph> parse_graph(std::string_view text, const Graph* constants) {
  return Parser(text, constants).run();
}

}  // namespace npu
