// SPDX-License-Identifier: Apache-2.0
// What CumSum and CumProd share.
#pragma once

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/reduce.h"

namespace npu::detail {

inline TypesResult infer_cumulative(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  NPU_CHECK(require_index_type(ctx, 1));
  if (const Tensor* axis = ctx.constant(1); axis && ctx.input(0).has_rank) {
    if (axis->elements() != 1) return ctx.error(fmt::format("axis is of shape {}, needs a scalar", to_string(axis->shape())));
    NPU_CHECK(normalize_axis(ctx, axis->to_ints()[0], ctx.input(0).dims.size()));
  }
  return infer_same(ctx);
}

// F()(sum, value): floats are accumulated in double and rounded at every element, integers wrap.
template <class F>
TensorsResult reference_cumulative(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.input(1).to_ints()[0], x.shape().size()));
  const bool exclusive = ctx.node().int_attr("exclusive", 0) != 0, reverse = ctx.node().int_attr("reverse", 0) != 0;
  const int64_t length = x.shape()[axis], inner = row_major_strides(x.shape())[axis];
  return visit_class<TypeClass::Number>(x.dtype(), [&]<class T>() -> TensorsResult {
    using Sum = Accumulator<T>;
    Tensor y(x.dtype(), x.shape());
    const auto from = x.data<T>();
    const auto to = y.mutable_data<T>();
    const int64_t lanes = length == 0 ? 0 : x.elements() / length;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Sum sum = F::kStart;
      for (int64_t step = 0; step < length; ++step) {
        const int64_t index = reverse ? length - 1 - step : step;
        const auto at = static_cast<size_t>((lane / inner * length + index) * inner + lane % inner);
        const Sum next = F()(sum, from[at]);
        to[at] = static_cast<T>(exclusive ? sum : next);
        sum = next;
      }
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace npu::detail
