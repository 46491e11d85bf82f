// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/random.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, ""}, {"mean", AttrKind::Float, "0.0"}, {"scale", AttrKind::Float, "1.0"}, kSeedAttr};

TensorsResult reference(const EvalContext& ctx) {
  const double mean = ctx.node().float_attr("mean", 0.0f), scale = ctx.node().float_attr("scale", 1.0f);
  return random_tensor(ctx, [=](RandomNumbers& numbers, size_t) { return mean + scale * numbers.normal(); });
}

}  // namespace

extern constinit const OpDef RandomNormalLike{
    .name = "RandomNormalLike",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_random_like,
    .reference = reference,
    .doc = "Random numbers, normal with the given mean and deviation (scale), of the shape of the input",
    .is_random = true,
};

}  // namespace npu::op
