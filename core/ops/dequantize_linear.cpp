// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "1"}, {"block_size", AttrKind::Int, "0"}, {"output_dtype", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const DType given = ctx.input(0).dtype;
  if (!is_quantized_type(given) && given != DType::Int32)
    return ctx.error(fmt::format("input 0 is {}, needs int8, uint8, int16, uint16, int32 or a narrower type", to_string(given)));
  NPU_TRY(const Dim channels, quantized_channels(ctx));
  NPU_CHECK(require_scales(ctx, 1, channels));
  if (ctx.has_input(2)) NPU_CHECK(require_same_dtype(ctx, 2));
  const int64_t code = ctx.node().int_attr("output_dtype", 0);
  const auto wanted = dtype_from_onnx(code > 0 && code < 256 ? static_cast<int>(code) : 0);
  if (code != 0 && (!wanted || !is_float(*wanted))) return ctx.error(fmt::format("output_dtype={} is no floating-point type", code));
  TensorType type = ctx.input(0);
  type.dtype = wanted.value_or(ctx.input(1).dtype);
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto& shape = ctx.input(0).shape();
  if (ctx.input(1).elements() == 0) return ctx.error("there is no scale");
  NPU_TRY(const ScaleGrid grid, ScaleGrid::of(ctx, shape, ctx.input(1)));
  const Quantization q = Quantization::read(ctx, 1, 2, static_cast<size_t>(ctx.input(1).elements()));
  const std::vector<double> values = ctx.input(0).to_doubles();  // integers and narrow floats alike
  Tensor y(DType::Float32, shape);
  auto result = y.mutable_data<float>();
  for (size_t i = 0; i < values.size(); ++i) result[i] = static_cast<float>(values[i] - static_cast<double>(q.zero[grid.at(i)])) * q.scale[grid.at(i)];
  return std::vector{ctx.output_dtype(0) == DType::Float32 ? y : y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef DequantizeLinear{
    .name = "DequantizeLinear",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(x - x_zero_point) * x_scale; scales of one value, one for each index of axis, or one for each block along it",
};

}  // namespace npu::op
