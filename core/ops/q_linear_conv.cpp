// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr, kDilationsAttr, {"group", AttrKind::Int, "1"}, kKernelShapeAttr, kPadsAttr, kReluAttr, kStridesAttr,
};

TypesResult infer(const InferContext& ctx) {
  const Dims& w = ctx.input(3).dims;
  if (ctx.has_input(8)) {
    if (ctx.input(8).dtype != DType::Int32) return ctx.error(fmt::format("bias is {}, needs int32", to_string(ctx.input(8).dtype)));
    if (ctx.input(3).has_rank && !w.empty()) NPU_CHECK(require_vector(ctx, 8, w[0], "bias"));
  }
  return infer_quantized(ctx, "Conv", {{0, 1, 2}, {3, 4, 5, w.empty() ? Dim() : w[0]}}, 6, 7);
}

TensorsResult reference(const EvalContext& ctx) {
  const auto& weights = ctx.input(3).shape();
  int64_t inner = 1;
  for (size_t i = 1; i < weights.size(); ++i) inner *= weights[i];
  const auto channels = static_cast<size_t>(weights[0]);
  const Quantization x = Quantization::read(ctx, 1, 2), w = Quantization::read(ctx, 4, 5, channels), y = Quantization::read(ctx, 6, 7);
  // Products and sums of integers are exact in double.
  NPU_TRY(const auto sums, run_float_form(ctx, "Conv", {centred(ctx.input(0), x.zero, 1), centred(ctx.input(3), w.zero, inner)}));
  return std::vector{requantize(ctx, sums[0], ctx.has_input(8) ? ctx.input(8) : Tensor(), x, w, y, 1)};
}

}  // namespace

extern constinit const OpDef QLinearConv{
    .name = "QLinearConv",
    .since = 10,
    .min_inputs = 8,
    .max_inputs = 9,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Convolution of quantised x and w with bias B (scale x_scale * w_scale), quantised again; the weights may have one scale for each output channel",
};

}  // namespace npu::op
