// SPDX-License-Identifier: Apache-2.0
#include "tests/compiler/lower/operator_case.h"

#include <sstream>

#include "core/base/half.h"

namespace npu {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t next; (next = text.find(by, at)) != std::string::npos; at = next + by.size()) parts.push_back(text.substr(at, next - at));
  parts.push_back(text.substr(at));
  return parts;
}

std::vector<int64_t> to_numbers(const std::string& text, const char* by) {
  std::vector<int64_t> numbers;
  for (const std::string& part : split(text, by))
    if (!part.empty()) numbers.push_back(std::stoll(part));
  return numbers;
}

// Between -1 and 1, exact in fp16; a few zeros.
Tensor values(const Shape& shape, uint32_t seed) {
  Tensor tensor(DType::Float32, shape);
  uint32_t state = seed * 2654435761u + 12345u;
  for (float& value : tensor.mutable_data<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int>(state >> 22) - 512) / 512.0f;
  }
  return tensor;
}

Attr attribute(const std::string& text) {
  if (text.starts_with("i:")) return std::stoll(text.substr(2));
  if (text.starts_with("f:")) return std::stof(text.substr(2));
  if (text.starts_with("s:")) return text.substr(2);
  return to_numbers(text, ",");
}

Shape shape_of(const std::string& text) { return text == "scalar" ? Shape{} : to_numbers(text, "x"); }

}  // namespace

OperatorCase parse_operator_case(const std::string& text) {
  OperatorCase result;
  Graph& graph = result.graph;
  graph.name = text;
  graph.opset = 14;
  ValueId last = kNone;
  for (const std::string& step : split(text, " ; ")) {
    Node node;
    const size_t open = step.find('('), close = step.find(')');
    node.op = step.substr(0, open);
    node.name = node.op + std::to_string(graph.value_count());
    for (const std::string& operand : split(step.substr(open + 1, close - open - 1), ", ")) {
      const std::string name = "v" + std::to_string(graph.value_count());
      if (operand == "_") {
        node.inputs.push_back(kNone);
      } else if (operand == "@") {
        node.inputs.push_back(last);
      } else if (operand.starts_with("=[")) {
        const auto numbers = to_numbers(operand.substr(2, operand.size() - 3), ",");
        node.inputs.push_back(graph.add_constant(name, Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(numbers.size())}, numbers)));
      } else if (operand.starts_with("=")) {
        const float value = std::stof(operand.substr(1));
        node.inputs.push_back(graph.add_constant(name, Tensor::from<float>(DType::Float32, {}, std::span(&value, 1))));
      } else if (operand.starts_with("@")) {
        const Shape shape = shape_of(operand.substr(1));
        result.inputs.push_back(values(shape, static_cast<uint32_t>(graph.value_count()) + 1));
        node.inputs.push_back(graph.add_value(name, TensorType::of(DType::Float32, shape)));
        graph.inputs.push_back(node.inputs.back());
      } else {
        const Shape shape = shape_of(operand);
        node.inputs.push_back(graph.add_constant(name, values(shape, static_cast<uint32_t>(graph.value_count()) + 1)));
      }
    }
    std::istringstream attributes(step.substr(close + 1));
    int outputs = 1;
    for (std::string word; attributes >> word;) {
      const size_t equals = word.find('=');
      if (word.starts_with("outputs=")) outputs = std::stoi(word.substr(equals + 1));
      else if (word.starts_with("opset=")) graph.opset = std::stoi(word.substr(equals + 1));
      else node.attrs[word.substr(0, equals)] = attribute(word.substr(equals + 1));
    }
    for (int i = 0; i < outputs; ++i) node.outputs.push_back(graph.add_value("y" + std::to_string(graph.value_count()), {}));
    last = node.outputs[0];
    graph.outputs = node.outputs;
    graph.append(std::move(node));
  }
  return result;
}

}  // namespace npu
