// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/reduce.h"

#include <numeric>

#include "core/ops/detail/strided_copy.h"

namespace npu::detail {

namespace {

// Which axes are reduced; nothing when the axes input is not known.
template <class Context>
Result<std::optional<std::vector<size_t>>> reduced_axes(const Context& ctx, size_t rank) {
  NPU_TRY(const auto axes, ints_parameter(ctx, 1, "axes"));
  if (axes.unknown()) return std::nullopt;
  if (!axes.values.empty()) return normalize_axes(ctx, axes.values, rank);
  std::vector<size_t> all(ctx.node().int_attr("noop_with_empty_axes", 0) != 0 ? 0 : rank);
  std::iota(all.begin(), all.end(), size_t{0});
  return all;
}

bool keeps_dims(const Node& node) { return node.int_attr("keepdims", 1) != 0; }

}  // namespace

TypesResult infer_reduce_type(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{unranked(x.dtype)};
  const size_t rank = x.dims.size();
  NPU_TRY(const auto axes, reduced_axes(ctx, rank));
  if (!axes) {
    if (keeps_dims(ctx.node())) return std::vector{unknown_of_rank(x.dtype, rank)};
    const auto count = vector_length(ctx, 1);
    // An empty list may mean all axes or none.
    if (!count || *count == 0 || *count > rank) return std::vector{unranked(x.dtype)};
    return std::vector{unknown_of_rank(x.dtype, rank - *count)};
  }
  Dims dims;
  for (size_t i = 0; i < rank; ++i) {
    if (!std::ranges::binary_search(*axes, i))
      dims.push_back(x.dims[i]);
    else if (keeps_dims(ctx.node()))
      dims.push_back(Dim(1));
  }
  return std::vector{TensorType::of(x.dtype, dims)};
}

Result<ReduceRows> reduce_rows(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const size_t rank = x.shape().size();
  NPU_TRY(const auto axes, reduced_axes(ctx, rank));
  if (!axes) return ctx.error("axes are missing");
  std::vector<size_t> order;
  for (size_t i = 0; i < rank; ++i)
    if (!std::ranges::binary_search(*axes, i)) order.push_back(i);
  order.insert(order.end(), axes->begin(), axes->end());
  int64_t length = 1;
  for (size_t axis : *axes) length *= x.shape()[axis];
  return ReduceRows{std::ranges::is_sorted(order) ? x : transposed(x, order), static_cast<size_t>(length)};
}

}  // namespace npu::detail
