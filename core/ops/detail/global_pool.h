// SPDX-License-Identifier: Apache-2.0
// What GlobalAveragePool and GlobalMaxPool share: one value per image and channel.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

inline TypesResult infer_global_pool(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  TensorType type = ctx.input(0);
  if (!type.has_rank) return std::vector{type};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 2));
  for (size_t i = 2; i < rank; ++i) {
    if (type.dims[i] == Dim(0)) return ctx.error(fmt::format("input {} is empty at axis {}", to_string(type.dims), i));
    type.dims[i] = Dim(1);
  }
  return std::vector{type};
}

// reduce(values of one channel of one image) -> double.
template <class Reduce>
TensorsResult global_pool(const EvalContext& ctx, Reduce&& reduce) {
  const Tensor& x = ctx.input(0);
  Tensor y(ctx.output_dtype(0), ctx.output_shape(0));
  const auto run = [&]<class T>() {
    const auto source = x.data<T>();
    const auto target = y.mutable_data<T>();
    const size_t size = target.empty() ? 0 : source.size() / target.size();
    for (size_t i = 0; i < target.size(); ++i) target[i] = static_cast<T>(reduce(source.subspan(i * size, size)));
  };
  if (x.dtype() == DType::Float64)
    run.template operator()<double>();
  else
    run.template operator()<float>();
  return std::vector{y};
}

}  // namespace npu::detail
