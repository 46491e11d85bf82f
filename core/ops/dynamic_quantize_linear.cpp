// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(0).dtype != DType::Float32) return ctx.error(fmt::format("input 0 is {}, needs float32", to_string(ctx.input(0).dtype)));
  TensorType y = ctx.input(0);
  y.dtype = DType::UInt8;
  return std::vector{y, TensorType::of(DType::Float32, npu::Shape{}), TensorType::of(DType::UInt8, npu::Shape{})};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto x = ctx.input(0).data<float>();
  float low = 0, high = 0;
  for (const float value : x) low = std::min(low, value), high = std::max(high, value);
  const float scale = high == low ? 1.0f : (high - low) / 255.0f;
  const int64_t zero = to_quantized(-low / scale, 0, DType::UInt8);
  Tensor y(DType::UInt8, ctx.input(0).shape()), y_scale(DType::Float32, {}), y_zero(DType::UInt8, {});
  const auto to = y.mutable_data<uint8_t>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<uint8_t>(to_quantized(x[i] / scale, zero, DType::UInt8));
  y_scale.mutable_data<float>()[0] = scale;
  y_zero.mutable_data<uint8_t>()[0] = static_cast<uint8_t>(zero);
  return std::vector{std::move(y), std::move(y_scale), std::move(y_zero)};
}

}  // namespace

extern constinit const OpDef DynamicQuantizeLinear{
    .name = "DynamicQuantizeLinear",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 3,
    .max_outputs = 3,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "x quantised to uint8 with the scale and zero point that its own range, extended to 0, asks for",
};

}  // namespace npu::op
