// SPDX-License-Identifier: Apache-2.0
// One operator on its own: its inferred type or its reference on given inputs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ops/op.h"

namespace npu::test {

using Attrs = std::map<std::string, Attr, std::less<>>;

template <class T>
Tensor tensor(DType dtype, Shape shape, std::vector<T> values) {
  return Tensor::from<T>(dtype, std::move(shape), std::span<const T>(values));
}
inline Tensor floats(Shape shape, std::vector<float> values) { return tensor(DType::Float32, std::move(shape), std::move(values)); }
inline Tensor ints(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return tensor(DType::Int64, {count}, std::move(values));
}

inline Node node_of(std::string op, Attrs attrs, size_t outputs = 1) {
  Node node;
  node.op = std::move(op);
  node.name = "n";
  node.attrs = std::move(attrs);
  node.outputs.resize(outputs);
  return node;
}

// run_reference on inputs; an empty Tensor is an input left out.
inline Result<std::vector<Tensor>> run(const std::string& op, const std::vector<Tensor>& inputs, Attrs attrs = {},
                                       int opset = 21, size_t outputs = 1) {
  Node node = node_of(op, std::move(attrs), outputs);
  node.inputs.resize(inputs.size());
  return run_reference(node, opset, inputs);
}

// What infer sees of an input: a type, or a value known at compile time; an empty Tensor is an input left out.
struct Given {
  TensorType type;
  std::optional<Tensor> value;

  Given(TensorType t) : type(std::move(t)) {}
  Given(Tensor v) : type(TensorType::of(v.dtype(), v.shape())), value(std::move(v)) {}
};

// The type of the first output as text ("float32[batch,3]"), or the message of the error.
inline std::string inferred(const std::string& op, const std::vector<Given>& inputs, Attrs attrs = {}, int opset = 21,
                            size_t outputs = 1) {
  Graph graph;
  graph.opset = opset;
  Node node = node_of(op, std::move(attrs), outputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = "in" + std::to_string(i);
    const bool left_out = inputs[i].value && inputs[i].value->empty();
    node.inputs.push_back(left_out          ? kNone
                          : inputs[i].value ? graph.add_constant(name, *inputs[i].value)
                                            : graph.add_value(name, inputs[i].type));
  }
  for (size_t i = 0; i < outputs; ++i) node.outputs[i] = graph.add_value("out" + std::to_string(i), {});
  const ValueId first = node.outputs[0];
  const NodeId id = graph.append(std::move(node));
  if (const auto status = infer_node(graph, id); !status) return status.error().message();
  return to_string(graph.value(first).type);
}

// The message of the error, "" when there is none.
template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "" : result.error().message();
}

}  // namespace npu::test
