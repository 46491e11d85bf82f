// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/scatter.h"

namespace npu::detail {

TypesResult infer_scatter_elements(const InferContext& ctx) {
  const TensorType& data = ctx.input(0);
  NPU_CHECK(require_index_type(ctx, 1));
  NPU_CHECK(require_same_dtype(ctx, 2));
  NPU_CHECK(scatter_reduction(ctx));
  if (data.has_rank) NPU_CHECK(normalize_axis(ctx, ctx.node().int_attr("axis", 0), data.dims.size()));
  return infer_same(ctx);
}

TensorsResult reference_scatter_elements(const EvalContext& ctx) {
  const Tensor &indices = ctx.input(1), &updates = ctx.input(2);
  Tensor y = ctx.input(0);
  NPU_TRY(const ScatterReduction reduction, scatter_reduction(ctx));
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), y.shape().size()));
  bool fits = indices.shape() == updates.shape() && indices.shape().size() == y.shape().size();
  for (size_t i = 0; fits && i < y.shape().size(); ++i) fits = i == axis || indices.shape()[i] <= y.shape()[i];
  if (!fits)
    return ctx.error(fmt::format("data of shape {}, indices of {} and updates of {} do not fit together", to_string(y.shape()),
                                 to_string(indices.shape()), to_string(updates.shape())));
  const auto at = indices.to_ints();
  const Shape strides = row_major_strides(y.shape());
  Position position(indices.shape());
  return visit_class<TypeClass::Any>(y.dtype(), [&]<class T>() -> TensorsResult {
    const auto from = updates.data<T>();
    const auto to = y.mutable_data<T>();
    for (size_t i = 0; i < from.size(); ++i, position.next()) {
      NPU_TRY(const int64_t index, checked_index(ctx, at[i], y.shape()[axis], i));
      T& target = to[static_cast<size_t>(position.offset(strides) + (index - position[axis]) * strides[axis])];
      target = scattered(reduction, target, from[i]);
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace npu::detail
