// SPDX-License-Identifier: Apache-2.0
// Small helpers that the infer functions of many operators share.
#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "core/ops/op.h"

namespace npu::detail {

using TypesResult = Result<std::vector<TensorType>>;
using TensorsResult = Result<std::vector<Tensor>>;

inline TensorType unranked(DType dtype) { return {dtype, false, {}}; }
inline TensorType unknown_of_rank(DType dtype, size_t rank) { return TensorType::of(dtype, Dims(rank)); }

// An axis in [-rank, rank) as one in [0, rank). Context: InferContext or EvalContext.
template <class Context>
Result<size_t> normalize_axis(const Context& ctx, int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    return ctx.error(fmt::format("axis {} is outside of rank {}", axis, rank));
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

// Axes as sorted numbers in [0, rank), each once.
template <class Context>
Result<std::vector<size_t>> normalize_axes(const Context& ctx, std::span<const int64_t> axes, size_t rank) {
  std::vector<size_t> result;
  for (int64_t axis : axes) {
    NPU_TRY(result.emplace_back(), normalize_axis(ctx, axis, rank));
  }
  std::ranges::sort(result);
  if (const auto twice = std::ranges::adjacent_find(result); twice != result.end())
    return ctx.error(fmt::format("axis {} is given twice", *twice));
  return result;
}

// The rank of input i, at least `least`. Precondition: the input has a rank.
inline Result<size_t> rank_of(const InferContext& ctx, size_t i, size_t least) {
  const size_t rank = ctx.input(i).dims.size();
  if (rank < least) return ctx.error(fmt::format("input {} is of rank {}, needs at least {}", i, rank, least));
  return rank;
}

inline Status require_float(const InferContext& ctx, size_t i) {
  const DType dtype = ctx.input(i).dtype;
  if (!is_float(dtype)) return ctx.error(fmt::format("input {} is {}, needs a floating-point type", i, to_string(dtype)));
  return {};
}

// Input i has the dtype of input 0.
inline Status require_same_dtype(const InferContext& ctx, size_t i) {
  if (ctx.input(i).dtype != ctx.input(0).dtype)
    return ctx.error(fmt::format("input {} is {}, input 0 is {}", i, to_string(ctx.input(i).dtype),
                                 to_string(ctx.input(0).dtype)));
  return {};
}

// Two dimensions that must be equal: the known one of them, or an error.
inline Result<Dim> unify(const InferContext& ctx, const Dim& a, const Dim& b, std::string_view what) {
  if (a.known() && b.known() && a.value() != b.value())
    return ctx.error(fmt::format("{}: {} does not match {}", what, a.value(), b.value()));
  return a.known() ? a : b.known() ? b : a;
}

// Input i is a vector of the length of `dim` (both as far as known).
inline Status require_vector(const InferContext& ctx, size_t i, const Dim& dim, std::string_view what) {
  const TensorType& type = ctx.input(i);
  if (!type.has_rank) return {};
  if (type.dims.size() != 1) return ctx.error(fmt::format("{} is of shape {}, needs a vector", what, to_string(type.dims)));
  NPU_CHECK(unify(ctx, type.dims[0], dim, what));
  return {};
}

// The output is of the type of input 0.
inline TypesResult infer_same(const InferContext& ctx) { return std::vector{ctx.input(0)}; }
inline TypesResult infer_same_float(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  return infer_same(ctx);
}

}  // namespace npu::detail
