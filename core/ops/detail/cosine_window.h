// SPDX-License-Identifier: Apache-2.0
// The windows that are sums of cosines: one vector of the length the input says.
#pragma once

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/parameters.h"

namespace npu::detail {

inline constexpr AttrDef kCosineWindowAttrs[] = {{"output_datatype", AttrKind::Int, "1"}, {"periodic", AttrKind::Int, "1"}};

inline TypesResult infer_cosine_window(const InferContext& ctx) {
  NPU_CHECK(require_index_type(ctx, 0));
  NPU_TRY(const DType dtype, dtype_attr(ctx, "output_datatype", 1));
  const auto size = ints_input(ctx, 0);
  if (!size) return std::vector{unknown_of_rank(dtype, 1)};
  if (size->size() != 1 || (*size)[0] < 0) return ctx.error(fmt::format("size is {} ({} values)", size->empty() ? 0 : (*size)[0], size->size()));
  return std::vector{TensorType::of(dtype, Shape{(*size)[0]})};
}

// c0 - c1 cos(t) + c2 cos(2t), t running once around over the window (periodic) or from its first to its last element.
inline TensorsResult reference_cosine_window(const EvalContext& ctx, double c0, double c1, double c2) {
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto values = y.mutable_data<double>();
  const double length = static_cast<double>(values.size()) - (ctx.node().int_attr("periodic", 1) != 0 ? 0 : 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const double t = length > 0 ? 6.283185307179586 * static_cast<double>(i) / length : 0;
    values[i] = c0 - c1 * fixed::cos(t) + c2 * fixed::cos(2 * t);
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace npu::detail
