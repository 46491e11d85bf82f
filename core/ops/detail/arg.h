// SPDX-License-Identifier: Apache-2.0
// What ArgMax and ArgMin share.
#pragma once

#include "core/ops/detail/elementwise.h"

namespace npu::detail {

inline constexpr AttrDef kArgAttrs[] = {
    {"axis", AttrKind::Int, "0"},
    {"keepdims", AttrKind::Int, "1"},
    {"select_last_index", AttrKind::Int, "0"},
};

inline TypesResult infer_arg(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{unranked(DType::Int64)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.dims.size()));
  if (x.dims[axis] == Dim(0)) return ctx.error(fmt::format("input {} is empty at axis {}", to_string(x.dims), axis));
  Dims dims = x.dims;
  if (ctx.node().int_attr("keepdims", 1) != 0)
    dims[axis] = Dim(1);
  else
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  return std::vector{TensorType::of(DType::Int64, dims)};
}

// Better()(a, b): a is to be preferred to b.
template <class Better>
TensorsResult reference_arg(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.shape().size()));
  const bool last = ctx.node().int_attr("select_last_index", 0) != 0;
  const auto size = static_cast<size_t>(x.shape()[axis]);
  const auto inner = static_cast<size_t>(row_major_strides(x.shape())[axis]);
  return visit_class<TypeClass::Number>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(DType::Int64, ctx.output_shape(0));
    const auto out = y.mutable_data<int64_t>();
    for (size_t i = 0; i < out.size(); ++i) {
      const T* lane = x.data<T>().data() + i / inner * size * inner + i % inner;
      size_t best = 0;
      for (size_t k = 1; k < size; ++k) {
        const T value = lane[k * inner];
        const T chosen = lane[best * inner];
        if (Better()(value, chosen) || (last && value == chosen)) best = k;
      }
      out[i] = static_cast<int64_t>(best);
    }
    return std::vector{y};
  });
}

}  // namespace npu::detail
