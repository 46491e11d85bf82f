// SPDX-License-Identifier: Apache-2.0
// What Softmax and LogSoftmax share.
#pragma once

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/math_functions.h"

namespace npu::detail {

inline constexpr AttrDef kSoftmaxAttrs[] = {{"axis", AttrKind::Int, ""}};  // default 1 before opset 13, then -1

template <class Context>
Result<size_t> softmax_axis(const Context& ctx, size_t rank) {
  return normalize_axis(ctx, ctx.node().int_attr("axis", ctx.opset() < 13 ? 1 : -1), rank);
}

inline TypesResult infer_softmax(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.input(0).has_rank) NPU_CHECK(softmax_axis(ctx, ctx.input(0).dims.size()));
  return infer_same(ctx);
}

// Values are normalised along one axis; before opset 13 over all dimensions from the axis on. finish(x - maximum,
// sum of e^(x - maximum)) gives a result.
template <class Finish>
TensorsResult softmax(const EvalContext& ctx, Finish&& finish) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, softmax_axis(ctx, x.shape().size()));
  int64_t size = 1;
  int64_t inner = 1;
  for (size_t i = axis; i < x.shape().size(); ++i) (i == axis || ctx.opset() < 13 ? size : inner) *= x.shape()[i];
  Tensor y(ctx.output_dtype(0), x.shape());
  const auto run = [&]<class T>() {
    const T* source = x.data<T>().data();
    const auto target = y.mutable_data<T>();
    const int64_t lanes = target.empty() ? 0 : static_cast<int64_t>(target.size()) / size;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t at = lane / inner * size * inner + lane % inner;
      T maximum = source[at];
      for (int64_t i = 1; i < size; ++i) maximum = std::max(maximum, source[at + i * inner]);
      const auto shifted = [&](int64_t i) { return static_cast<double>(source[at + i * inner]) - static_cast<double>(maximum); };
      double sum = 0;
      for (int64_t i = 0; i < size; ++i) sum += fixed::exp(shifted(i));
      for (int64_t i = 0; i < size; ++i) target[static_cast<size_t>(at + i * inner)] = static_cast<T>(finish(shifted(i), sum));
    }
  };
  if (x.dtype() == DType::Float64)
    run.template operator()<double>();
  else
    run.template operator()<float>();
  return std::vector{y};
}

}  // namespace npu::detail
