// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/random.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, "1"}, {"high", AttrKind::Float, "1.0"}, {"low", AttrKind::Float, "0.0"}, kSeedAttr, {"shape", AttrKind::Ints, "required"}};

TensorsResult reference(const EvalContext& ctx) {
  const double low = ctx.node().float_attr("low", 0.0f), high = ctx.node().float_attr("high", 1.0f);
  return random_tensor(ctx, [=](RandomNumbers& numbers, size_t) { return low + (high - low) * numbers.uniform(); });
}

}  // namespace

extern constinit const OpDef RandomUniform{
    .name = "RandomUniform",
    .since = 1,
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_random,
    .reference = reference,
    .doc = "Random numbers, uniform in [low, high), of the given shape",
    .is_random = true,
};

}  // namespace npu::op
