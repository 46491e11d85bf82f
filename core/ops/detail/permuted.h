// SPDX-License-Identifier: Apache-2.0
// Orders of axes in attributes, as Transpose has them; none given: as it is.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

inline Result<std::vector<size_t>> permutation(const InferContext& ctx, std::string_view attr, size_t rank) {
  const std::vector<int64_t> axes = ctx.node().ints_attr(attr);
  std::vector<size_t> perm(rank);
  for (size_t i = 0; i < rank; ++i) perm[i] = i;
  if (axes.empty()) return perm;
  NPU_TRY(const auto sorted, normalize_axes(ctx, axes, rank));
  if (sorted.size() != rank || axes.size() != rank) return ctx.error(fmt::format("{} has {} axes, needs {}", attr, axes.size(), rank));
  for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(rank) : axes[i]);
  return perm;
}

// The dimensions of input i in the order that the attribute gives.
inline Result<Dims> permuted(const InferContext& ctx, size_t i, std::string_view attr) {
  const Dims& dims = ctx.input(i).dims;
  NPU_TRY(const auto perm, permutation(ctx, attr, dims.size()));
  Dims result;
  for (const size_t axis : perm) result.push_back(dims[axis]);
  return result;
}

}  // namespace npu::detail
