// SPDX-License-Identifier: Apache-2.0
// Parts of tensors and stacks of them, for the operators that loop; through Slice, Concat and Unsqueeze, so that every element
// type is understood.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

Result<Tensor> slice_axis(const DatumContext& ctx, const Tensor& x, size_t axis, int64_t start, int64_t end);
// The slice at an index, without the axis.
Result<Tensor> slice_at(const DatumContext& ctx, const Tensor& x, size_t axis, int64_t index);
// The tensors one after another along an axis.
Result<Tensor> concatenated(const DatumContext& ctx, std::span<const Tensor> parts, int64_t axis);
// Along a new axis (of the result).
Result<Tensor> stacked(const DatumContext& ctx, std::span<const Tensor> parts, int64_t axis);

}  // namespace npu::detail
