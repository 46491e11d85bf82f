// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// precision is that of the division, which is Float32 here.
constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "1"}, {"block_size", AttrKind::Int, "0"}, {"output_dtype", AttrKind::Int, "0"},
                              {"precision", AttrKind::Int, "0"}, {"saturate", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(0).dtype != DType::Int32) NPU_CHECK(require_float(ctx, 0));
  NPU_TRY(const Dim channels, quantized_channels(ctx));
  if (ctx.input(1).dtype != DType::Int32) NPU_CHECK(require_scales(ctx, 1, channels));
  DType dtype = ctx.has_input(2) ? ctx.input(2).dtype : DType::UInt8;
  if (ctx.node().int_attr("output_dtype", 0) != 0) {
    NPU_TRY(const DType given, dtype_attr(ctx, "output_dtype", 0));
    if (ctx.has_input(2) && given != dtype) return ctx.error(fmt::format("output_dtype is {}, the zero point {}", to_string(given), to_string(dtype)));
    dtype = given;
  }
  if (!is_quantized_type(dtype)) return ctx.error(fmt::format("the output is {}, needs int8, uint8, int16, uint16 or a narrower type", to_string(dtype)));
  TensorType type = ctx.input(0);
  type.dtype = dtype;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto& shape = ctx.input(0).shape();
  if (ctx.input(1).elements() == 0) return ctx.error("there is no scale");
  NPU_TRY(const ScaleGrid grid, ScaleGrid::of(ctx, shape, ctx.input(1)));
  const Quantization q = Quantization::read(ctx, 1, 2, static_cast<size_t>(ctx.input(1).elements()));
  const DType dtype = ctx.output_dtype(0);
  const Tensor x = ctx.input(0).cast(DType::Float32);
  const auto values = x.data<float>();
  if (is_narrow_float(dtype)) {
    Tensor y(DType::Float32, shape);
    const auto results = y.mutable_data<float>();
    for (size_t i = 0; i < values.size(); ++i) results[i] = values[i] / q.scale[grid.at(i)] + static_cast<float>(q.zero[grid.at(i)]);
    return std::vector{y.cast(dtype, ctx.node().int_attr("saturate", 1) != 0)};
  }
  Tensor y(DType::Int64, shape);
  auto results = y.mutable_data<int64_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t at = grid.at(i);
    results[i] = to_quantized(values[i] / q.scale[at], q.zero[at], dtype);
  }
  return std::vector{y.cast(dtype)};
}

}  // namespace

extern constinit const OpDef QuantizeLinear{
    .name = "QuantizeLinear",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "saturate(round(x / y_scale) + y_zero_point), to nearest even; scales of one value, one for each index of axis, or one for each block along it; to narrow floats by their own rounding",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
