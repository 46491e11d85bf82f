// SPDX-License-Identifier: Apache-2.0
// The rewrites of the decompose-operators pass: one row an operator, in several files by theme.
#pragma once

#include "compiler/passes/rewrite.h"

namespace npu::pass {

// Puts new nodes in front of one node and at last turns that node into the one that makes its result.
class Decompose {
 public:
  Decompose(Graph& graph, Names& names, NodeId id) : graph_(graph), names_(names), id_(id) {}

  const Graph& graph() const { return graph_; }
  const Node& node() const { return graph_.node(id_); }  // until the next add
  // Static: the pass asks for shapes of nodes only whose types are.
  Shape input_shape(size_t i) const { return to_shape(graph_.value(node().inputs[i]).type.dims); }
  Shape output_shape() const { return to_shape(graph_.value(node().outputs[0]).type.dims); }
  Shape shape(ValueId id) const { return to_shape(graph_.value(id).type.dims); }
  const Tensor* constant(size_t i) const { return constant_of(graph_, node(), i); }

  using Attrs = std::map<std::string, Attr, std::less<>>;
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  ValueId constant(std::string_view what, Tensor tensor);
  ValueId ints(std::string_view what, const std::vector<int64_t>& values) { return constant(what, ints_tensor(values)); }
  // The input itself where nothing changes.
  ValueId reshape(ValueId from, const Shape& shape);
  ValueId transpose(ValueId from, const std::vector<int64_t>& perm);
  ValueId slice(ValueId from, int64_t axis, int64_t start, int64_t count, int64_t step = 1);

  void become(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  void become_reshape(ValueId from) { become("Reshape", {from, ints("shape", output_shape())}); }
  // The result with its axes in the order of perm.
  void become_transpose(ValueId from, const std::vector<int64_t>& perm) { become("Transpose", {from}, {{"perm", perm}}); }
  // The first error of infer for a node that was added.
  const Status& status() const { return status_; }

 private:
  Graph& graph_;
  Names& names_;
  NodeId id_;
  Status status_;
};

// Why the node was left as it is: nothing to say (the AI core runs it, or assign-engine will tell), or a reason.
struct Left {
  std::string reason;
};
// nullopt: rewritten.
using DecomposeRule = std::optional<Left> (*)(Decompose&);

// Whether the pass may turn the operator into others that the AI core runs.
bool decomposes(std::string_view op);

// decompose_windows.cpp: windows over 1 and 3 dimensions as windows over images
std::optional<Left> window_to_image(Decompose&);      // Conv, MaxPool, AveragePool
// decompose_conv_transpose.cpp
std::optional<Left> conv_transpose_to_conv(Decompose&);
// decompose_axes.cpp: what works on rows, for other axes than the last
std::optional<Left> axis_to_last(Decompose&);         // Softmax, LogSoftmax
std::optional<Left> reduced_axes_to_last(Decompose&);  // ReduceMax, ReduceMean ...
std::optional<Left> arg_axis_to_last(Decompose&);      // ArgMax, ArgMin
// decompose_normalisations.cpp
std::optional<Left> instance_norm_to_rows(Decompose&);
std::optional<Left> group_norm_to_rows(Decompose&);
std::optional<Left> lrn_to_conv(Decompose&);
// decompose_attention.cpp
std::optional<Left> attention_to_products(Decompose&);
// decompose_einsum.cpp
std::optional<Left> einsum_to_product(Decompose&);
// decompose_recurrent.cpp
std::optional<Left> lstm_to_steps(Decompose&);
std::optional<Left> gru_to_steps(Decompose&);
// decompose_moves.cpp
std::optional<Left> resize_to_products(Decompose&);
std::optional<Left> tile_to_expand(Decompose&);
std::optional<Left> broadcast_to_expand(Decompose&);  // elementwise operators of two inputs
std::optional<Left> select_operands_to_tiles(Decompose&);  // comparisons, logic, Where
std::optional<Left> bool_to_float_as_choice(Decompose&);   // Cast
// decompose_formulas.cpp
std::optional<Left> xor_to_equal(Decompose&);
std::optional<Left> is_nan_to_equal(Decompose&);
std::optional<Left> is_inf_to_equal(Decompose&);
std::optional<Left> clip_to_extremes(Decompose&);  // bounds computed at run time
std::optional<Left> trilu_to_choice(Decompose&);
std::optional<Left> lp_normalization_to_quotient(Decompose&);
std::optional<Left> reduce_log_sum_to_log(Decompose&);
std::optional<Left> reduce_log_sum_exp_to_log(Decompose&);
std::optional<Left> mean_to_sum(Decompose&);
std::optional<Left> gated_to_product(Decompose&);  // SwiGLU
// decompose_products.cpp
std::optional<Left> product_to_batches(Decompose&);  // MatMul
std::optional<Left> gemm_to_product(Decompose&);
std::optional<Left> cum_sum_to_product(Decompose&);

// The axis attribute, not negative; nothing when out of range.
std::optional<int64_t> axis_of(const Node& node, int64_t fallback, size_t rank);
// 0, 1, ... rank-1
std::vector<int64_t> identity_perm(size_t rank);

}  // namespace npu::pass
