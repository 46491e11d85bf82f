// SPDX-License-Identifier: Apache-2.0
// A network with every kind of layer that reshaping reaches, and how a model compiled for fixed shapes answers.
#pragma once

#include <doctest/doctest.h>

#include <cstring>

#include "compiler/compile.h"
#include "runtime/session/session.h"

namespace npu::test {

using Shapes = std::map<std::string, Shape, std::less<>>;

// Constants named w...: a formula of small numbers.
inline void fill_weights(Graph& graph) {
  uint32_t state = 7;
  for (size_t id = 0; id < graph.value_count(); ++id) {
    Value& value = graph.value(static_cast<ValueId>(id));
    if (!value.name.starts_with('w')) continue;
    Tensor tensor(DType::Float32, to_shape(value.type.dims));
    for (float& v : tensor.mutable_data<float>()) v = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 33554432.0f - 0.25f;
    value.constant = std::move(tensor);
  }
}

// Convolutions, pooling, a product over a reshaped map, softmax.
inline Graph small_net() {
  auto graph = parse_graph(R"(graph "net" opset 13
input %x : float32[n,3,h,w]
const %w1 : float32[20,3,3,3] = ?
const %w2 : float32[32,20,3,3] = ?
const %w3 : float32[10,32] = ?
const %flat : int64[2] = [0, -1]
%c1 = Conv(%x, %w1) {pads=[1, 1, 1, 1]} "c1"
%r1 = Relu(%c1) "r1"
%p1 = MaxPool(%r1) {kernel_shape=[2, 2], strides=[2, 2]} "p1"
%c2 = Conv(%p1, %w2) {pads=[1, 1, 1, 1], strides=[2, 2]} "c2"
%r2 = Relu(%c2) "r2"
%g = GlobalAveragePool(%r2) "g"
%f = Reshape(%g, %flat) "f"
%l = Gemm(%f, %w3) {transB=1} "l"
%y = Softmax(%l) {axis=1} "y"
output %y
output %r2
)");
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  fill_weights(*graph);
  return std::move(*graph);
}

inline Tensor picture(const Shape& shape, uint32_t seed) {
  Tensor tensor(DType::Float32, shape);
  for (float& v : tensor.mutable_data<float>()) v = static_cast<float>((seed = seed * 1664525u + 1013904223u) >> 8) / 8388608.0f - 1.0f;
  return tensor;
}

inline CompileOptions options_for(const Shapes& shapes, const char* soc) {
  CompileOptions options;
  options.soc = soc;
  options.passes.input_shapes = shapes;
  return options;
}

// small_net compiled for these shapes alone.
inline std::vector<Tensor> alone(const Shapes& shapes, const Tensor& input, const char* soc) {
  auto model = compile(small_net(), options_for(shapes, soc));
  REQUIRE(model);
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 1);
  REQUIRE(session);
  auto outputs = (*session)->run(std::span(&input, 1));
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  return std::move(*outputs);
}

inline void check_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].dtype() == b[i].dtype());
    CHECK(a[i].shape() == b[i].shape());
    REQUIRE(a[i].byte_size() == b[i].byte_size());
    CHECK((a[i].byte_size() == 0 || std::memcmp(a[i].bytes().data(), b[i].bytes().data(), a[i].byte_size()) == 0));
  }
}

}  // namespace npu::test
