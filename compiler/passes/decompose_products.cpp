// SPDX-License-Identifier: Apache-2.0
// Products the cube does not run as they are: vectors, batches that only the right operand has, constants on the left,
// Gemm with computed operands; and running sums, which are products with a triangle of ones.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

constexpr int64_t kLongestSum = 4096;  // the triangle has its square

std::vector<int64_t> swapped(size_t rank, size_t a, size_t b) {
  std::vector<int64_t> perm = identity_perm(rank);
  std::swap(perm[a], perm[b]);
  return perm;
}

ValueId turned(Decompose& d, ValueId matrices) {
  const size_t rank = d.shape(matrices).size();
  return d.transpose(matrices, swapped(rank, rank - 2, rank - 1));
}

Result<Tensor> turned_constant(const Decompose& d, const Tensor& matrices) {
  const size_t rank = matrices.shape().size();
  Node transpose = make_node("Transpose", "turned", {0}, {1});
  transpose.attrs["perm"] = swapped(rank, rank - 2, rank - 1);
  NPU_TRY(auto results, run_reference(transpose, d.graph().opset, std::array{matrices}));
  return std::move(results[0]);
}

ValueId factor(Decompose& d, const char* what, ValueId x, float value) {
  if (value == 1) return x;
  const DType dtype = d.graph().value(x).type.dtype;
  return d.add("Mul", {x, d.constant(what, Tensor::from<float>(DType::Float32, {}, {&value, 1}).cast(dtype))});
}

}  // namespace

std::optional<Left> product_to_batches(Decompose& d) {
  ValueId a = d.node().inputs[0], b = d.node().inputs[1];
  if (!d.graph().value(b).type.is_static()) return Left{};
  const Shape left = d.shape(a), right = d.shape(b), result = d.output_shape();
  if (left.size() < 2 || right.size() < 2) {
    if (left.size() < 2) a = d.reshape(a, {1, left[0]});
    if (right.size() < 2) b = d.reshape(b, {right[0], 1});
    d.become_reshape(d.add("MatMul", {a, b}));
    return std::nullopt;
  }
  if (d.graph().is_constant(a)) {
    if (d.graph().is_constant(b)) return Left{};
    // A B = (B' A')'
    const auto other = turned_constant(d, *d.constant(0));
    if (!other) return Left{other.error().what};
    const ValueId product = d.add("MatMul", {turned(d, b), d.constant("turned", *other)});
    d.become_transpose(product, swapped(result.size(), result.size() - 2, result.size() - 1));
    return std::nullopt;
  }
  const auto batch = static_cast<std::ptrdiff_t>(result.size()) - 2;
  Shape whole(result.begin(), result.begin() + batch);
  whole.insert(whole.end(), left.end() - 2, left.end());
  Shape padded(result.size() - left.size(), 1);
  padded.insert(padded.end(), left.begin(), left.end());
  if (padded == whole) return Left{};
  a = d.add("Expand", {a, d.ints("shape", whole)});
  d.become("MatMul", {a, b});
  return std::nullopt;
}

// What canonicalise leaves: B computed at run time.
std::optional<Left> gemm_to_product(Decompose& d) {
  const Node node = d.node();
  const bool turn_a = node.int_attr("transA", 0) != 0, turn_b = node.int_attr("transB", 0) != 0;
  const float alpha = node.float_attr("alpha", 1), beta = node.float_attr("beta", 1);
  const ValueId c = input_of(node, 2);
  const bool row = c == kNone || (d.constant(2) != nullptr && d.constant(2)->elements() == d.output_shape()[1]);
  if (!turn_a && alpha == 1 && beta == 1 && row) return Left{};
  if (d.graph().is_constant(node.inputs[0])) return Left{};
  const ValueId a = turn_a ? turned(d, node.inputs[0]) : node.inputs[0], b = turn_b ? turned(d, node.inputs[1]) : node.inputs[1];
  const ValueId product = factor(d, "alpha", d.add("MatMul", {a, b}), alpha);
  if (c == kNone) d.become_reshape(product);
  else d.become("Add", {product, factor(d, "beta", c, beta)});
  return std::nullopt;
}

std::optional<Left> cum_sum_to_product(Decompose& d) {
  const Shape x = d.input_shape(0);
  if (!d.constant(1)) return Left{"axis computed at run time"};
  const auto axes = normalise_axes(d.constant(1)->to_ints(), static_cast<int64_t>(x.size()));
  if (!axes || axes->size() != 1) return Left{};
  const auto axis = static_cast<size_t>(axes->front());
  const int64_t n = x[axis];
  if (n > kLongestSum) return Left{fmt::format("{} terms", n)};
  const bool exclusive = d.node().int_attr("exclusive", 0) != 0, reverse = d.node().int_attr("reverse", 0) != 0;
  Tensor ones(DType::Float32, {n, n});
  for (int64_t term = 0; term < n; ++term)
    for (int64_t sum = 0; sum < n; ++sum) {
      const int64_t behind = reverse ? term - sum : sum - term;
      ones.mutable_data<float>()[static_cast<size_t>(term * n + sum)] = behind > 0 || (behind == 0 && !exclusive);
    }
  const auto perm = swapped(x.size(), axis, x.size() - 1);
  const DType dtype = d.graph().value(d.node().inputs[0]).type.dtype;
  const ValueId last = d.transpose(d.node().inputs[0], perm);
  const ValueId rows = x.size() < 2 ? d.reshape(last, {1, n}) : last;
  const ValueId sums = d.add("MatMul", {rows, d.constant("ones", ones.cast(dtype))});
  if (x.size() < 2) d.become_reshape(sums);
  else d.become_transpose(sums, perm);
  return std::nullopt;
}

}  // namespace npu::pass
