// SPDX-License-Identifier: Apache-2.0
// Gemm = alpha * op(A) * op(B) + beta * C. The form the cube runs is A [M,K], B [K,N] constant, C [N] constant or none.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/canonical.h"

namespace npu::pass {
namespace {

// B transposed and multiplied by alpha.
Tensor prepare_weights(const Tensor& weights, bool transpose, float alpha) {
  const DType dtype = weights.dtype();
  Tensor values = weights.cast(DType::Float32);
  if (transpose) {
    const int64_t rows = values.shape()[0], columns = values.shape()[1];
    Tensor turned(DType::Float32, {columns, rows});
    const auto from = values.data<float>();
    const auto to = turned.mutable_data<float>();
    // In blocks, so that both sides stay in the cache.
    constexpr int64_t kBlock = 32;
    for (int64_t r0 = 0; r0 < rows; r0 += kBlock)
      for (int64_t c0 = 0; c0 < columns; c0 += kBlock)
        for (int64_t r = r0; r < std::min(rows, r0 + kBlock); ++r)
          for (int64_t col = c0; col < std::min(columns, c0 + kBlock); ++col)
            to[static_cast<size_t>(col * rows + r)] = from[static_cast<size_t>(r * columns + col)];
    values = std::move(turned);
  }
  if (alpha != 1)
    for (float& value : values.mutable_data<float>()) value *= alpha;
  return values.cast(dtype);
}

// C as one number for each column, times beta; nothing when it differs between rows.
std::optional<Tensor> prepare_bias(const Tensor& bias, int64_t columns, float beta) {
  const Shape& shape = bias.shape();
  const int64_t last = shape.empty() ? 1 : shape.back();
  if (bias.elements() != last || (last != 1 && last != columns)) return std::nullopt;
  const Tensor given = bias.cast(DType::Float32);
  Tensor row(DType::Float32, {columns});
  const auto to = row.mutable_data<float>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = given.data<float>()[last == 1 ? 0 : i] * beta;
  return row.cast(bias.dtype());
}

// Puts a Transpose in front of input 0.
void transpose_input(Canonical& c, NodeId id) {
  Graph& graph = c.graph;
  const Node& node = graph.node(id);
  const auto shape = *shape_of(graph, node.inputs[0]);
  const ValueId turned =
      graph.add_value(c.names.unique(node.name + "_a"),
                      TensorType::of(graph.value(node.inputs[0]).type.dtype, Shape{shape[1], shape[0]}));
  Node transpose = make_node("Transpose", node.name + "_transpose_a", {node.inputs[0]}, {turned}, node.origin);
  transpose.attrs["perm"] = std::vector<int64_t>{1, 0};
  graph.insert_before(id, std::move(transpose));
  graph.node(id).inputs[0] = turned;
}

// Takes C off the product and adds it in a node of its own (beta is 1 here).
void split_bias(Canonical& c, NodeId id) {
  Graph& graph = c.graph;
  const Node& node = graph.node(id);
  const ValueId bias = node.inputs[2], result = node.outputs[0];
  const ValueId product = graph.add_value(c.names.unique(node.name + "_product"), graph.value(result).type);
  Node& gemm = graph.node(id);
  gemm.inputs.resize(2);
  gemm.outputs[0] = product;
  graph.value(product).producer = id;
  graph.insert_after(id, make_node("Add", gemm.name + "_bias", {product, bias}, {result}, gemm.origin));
}

}  // namespace

Rewritten normalise_gemm(Canonical& c, NodeId id) {
  Graph& graph = c.graph;
  const Node& node = graph.node(id);
  const float alpha = node.float_attr("alpha", 1), beta = node.float_attr("beta", 1);
  const bool turn_a = node.int_attr("transA", 0) != 0, turn_b = node.int_attr("transB", 0) != 0;
  const Tensor* weights = constant_of(graph, node, 1);
  if (!weights || !is_float(weights->dtype()) || weights->dtype() == DType::Float64) return Rewritten::No;
  const auto out = shape_of(graph, node.outputs[0]);
  if (!out || weights->shape().size() != 2) return Rewritten::No;

  const bool has_bias = input_of(node, 2) != kNone;
  const Tensor* bias = constant_of(graph, node, 2);
  auto row = bias ? prepare_bias(*bias, (*out)[1], beta) : std::nullopt;
  const bool split = has_bias && !row;
  if (split && beta != 1) return Rewritten::No;
  const bool bias_fits = !has_bias || split || (bias->shape() == row->shape() && beta == 1);
  if (!turn_a && !turn_b && alpha == 1 && !split && bias_fits && node.attrs.empty()) return Rewritten::No;

  if (turn_b || alpha != 1) {
    const std::string name = c.names.unique(graph.value(node.inputs[1]).name + "_kn");
    const ValueId prepared = graph.add_constant(name, prepare_weights(*weights, turn_b, alpha));
    graph.node(id).inputs[1] = prepared;
  }
  if (row && !bias_fits) {
    const std::string name = c.names.unique(graph.value(graph.node(id).inputs[2]).name + "_n");
    const ValueId prepared = graph.add_constant(name, std::move(*row));
    graph.node(id).inputs[2] = prepared;
  }
  graph.node(id).attrs.clear();
  if (turn_a) transpose_input(c, id);
  if (split) split_bias(c, id);
  return Rewritten::Yes;
}

}  // namespace npu::pass
