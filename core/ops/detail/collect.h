// SPDX-License-Identifier: Apache-2.0
// The results of iterations put together.
#pragma once

#include "core/ops/detail/slices.h"

namespace npu::detail {

// Stacked along a new axis; without any iteration an empty tensor of the type, unknown dimensions being 0.
inline Result<Tensor> collected(const DatumContext& ctx, std::span<const Tensor> parts, const TensorType& type, int64_t axis = 0) {
  if (!parts.empty()) return stacked(ctx, parts, axis);
  Shape shape{0};
  for (size_t i = 1; type.has_rank && i < type.dims.size(); ++i) shape.push_back(type.dims[i].known() ? type.dims[i].value() : 0);
  return Tensor(type.dtype, shape);
}

}  // namespace npu::detail
