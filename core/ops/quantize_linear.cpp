// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// block_size, output_dtype and saturate concern types and forms that have no meaning here.
constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "1"}, {"saturate", AttrKind::Int, "1"}};

// Along the axis; a rank that does not reach it takes one scale only.
Result<Dim> channels_of(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank || x.dims.size() < 2) return x.dims.empty() ? Dim(1) : x.dims[0];
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 1), x.dims.size()));
  return x.dims[axis];
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  NPU_TRY(const Dim channels, channels_of(ctx));
  NPU_TRY(const DType dtype, result_dtype(ctx, 1, 2, channels));
  TensorType type = ctx.input(0);
  type.dtype = dtype;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto& shape = ctx.input(0).shape();
  const auto channels = static_cast<size_t>(ctx.input(1).elements());
  if (channels == 0) return ctx.error("there is no scale");
  int64_t inner = 1;
  if (channels > 1) {
    const size_t axis = shape.size() < 2 ? 0 : *normalize_axis(ctx, ctx.node().int_attr("axis", 1), shape.size());
    if (static_cast<size_t>(shape[axis]) != channels) return ctx.error(fmt::format("{} scales for {} channels", channels, shape[axis]));
    for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  }
  const Quantization q = Quantization::read(ctx, 1, 2, channels);
  const Tensor x = ctx.input(0).cast(DType::Float32);
  const auto values = x.data<float>();
  Tensor y(ctx.output_dtype(0), shape);
  auto bytes = y.mutable_bytes();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = i / static_cast<size_t>(std::max<int64_t>(inner, 1)) % channels;
    bytes[i] = static_cast<std::byte>(to_quantized(values[i] / q.scale[c], q.zero[c], y.dtype()) & 0xff);
  }
  return std::vector{y};
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
    .doc = "saturate(round(x / y_scale) + y_zero_point), to nearest even; scales of one value or one for each index of axis",
};

}  // namespace npu::op
