// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr, kDilationsAttr, {"group", AttrKind::Int, "1"}, kKernelShapeAttr, kPadsAttr, kStridesAttr,
};

TypesResult infer(const InferContext& ctx) {
  for (size_t i : {0, 1}) {
    if (!is_byte(ctx.input(i).dtype)) return ctx.error(fmt::format("input {} is {}, needs int8 or uint8", i, to_string(ctx.input(i).dtype)));
    if (ctx.has_input(i + 2) && ctx.input(i + 2).dtype != ctx.input(i).dtype)
      return ctx.error(fmt::format("input {} is {}, its zero point {}", i, to_string(ctx.input(i).dtype), to_string(ctx.input(i + 2).dtype)));
  }
  NPU_TRY(auto types, infer_float_form(ctx, "Conv", std::vector<size_t>{0, 1}));
  types[0].dtype = DType::Int32;
  return types;
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &x = ctx.input(0), &weights = ctx.input(1);
  const auto x_zero = ctx.has_input(2) ? ctx.input(2).to_ints() : std::vector<int64_t>{0};
  const auto w_zero = ctx.has_input(3) ? ctx.input(3).to_ints() : std::vector<int64_t>{0};
  if (x_zero.size() != 1 || (w_zero.size() != 1 && static_cast<int64_t>(w_zero.size()) != weights.shape()[0]))
    return ctx.error(fmt::format("{} zero points for x, {} for {} output channels", x_zero.size(), w_zero.size(), weights.shape()[0]));
  int64_t inner = 1;
  for (size_t i = 1; i < weights.shape().size(); ++i) inner *= weights.shape()[i];
  NPU_TRY(const auto sums, run_float_form(ctx, "Conv", {centred(x, x_zero, 1), centred(weights, w_zero, inner)}));  // exact in double
  return std::vector{sums[0].cast(DType::Int32)};
}

}  // namespace

extern constinit const OpDef ConvInteger{
    .name = "ConvInteger",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Convolution of 8-bit integers less their zero points, in int32",
};

}  // namespace npu::op
