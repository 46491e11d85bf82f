// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/casting.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kRoundModeAttr, kSaturateAttr};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(power_rounding(ctx));
  TensorType type = ctx.input(0);
  type.dtype = ctx.input(1).dtype;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) { return cast_to(ctx, ctx.output_dtype(0)); }

}  // namespace

extern constinit const OpDef CastLike{
    .name = "CastLike",
    .since = 15,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Conversion to the type of the second input, as Cast does",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
