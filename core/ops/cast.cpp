// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/casting.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kRoundModeAttr, kSaturateAttr, {"to", AttrKind::Int, "required"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(power_rounding(ctx));
  TensorType type = ctx.input(0);
  NPU_TRY(type.dtype, dtype_attr(ctx, "to", 0));
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) { return cast_to(ctx, ctx.output_dtype(0)); }

}  // namespace

extern constinit const OpDef Cast{
    .name = "Cast",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Conversion to the type to; floats to integers truncate towards zero, to narrow floats they saturate unless told otherwise",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
