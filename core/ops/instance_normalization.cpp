// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"epsilon", AttrKind::Float, "1e-05"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  const TensorType& x = ctx.input(0);
  if (x.has_rank) NPU_CHECK(rank_of(ctx, 0, 3));
  const Dim channels = x.has_rank ? x.dims[1] : Dim();
  for (size_t i : {1, 2}) {
    NPU_CHECK(require_same_dtype(ctx, i));
    NPU_CHECK(require_vector(ctx, i, channels, i == 1 ? "scale" : "B"));
  }
  return std::vector{x};
}

template <class T>
Tensor normalize(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  const double epsilon = ctx.node().float_attr("epsilon", 1e-5f);
  const auto scale = ctx.input(1).data<T>();
  const auto shift = ctx.input(2).data<T>();
  Tensor y(ctx.output_dtype(0), input.shape());
  const auto out = y.mutable_data<T>();
  if (out.empty()) return y;
  const auto planes = static_cast<size_t>(input.shape()[0] * input.shape()[1]);
  const size_t size = out.size() / planes;
  for (size_t plane = 0; plane < planes; ++plane) {
    const auto x = input.data<T>().subspan(plane * size, size);
    double mean = 0;
    for (const T value : x) mean += static_cast<double>(value);
    mean /= static_cast<double>(size);
    double variance = 0;
    for (const T value : x) variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    variance /= static_cast<double>(size);
    const size_t channel = plane % scale.size();
    const double factor = static_cast<double>(scale[channel]) / std::sqrt(variance + epsilon);
    for (size_t i = 0; i < size; ++i)
      out[plane * size + i] = static_cast<T>((static_cast<double>(x[i]) - mean) * factor + static_cast<double>(shift[channel]));
  }
  return y;
}

TensorsResult reference(const EvalContext& ctx) {
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? normalize<double>(ctx) : normalize<float>(ctx)};
}

}  // namespace

extern constinit const OpDef InstanceNormalization{
    .name = "InstanceNormalization",
    .since = 6,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(X - mean) / sqrt(variance + epsilon) * scale + B with the statistics of each image and channel",
};

}  // namespace npu::op
