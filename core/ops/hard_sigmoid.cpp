// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "0.2"}, {"beta", AttrKind::Float, "0.5"}};

TensorsResult reference(const EvalContext& ctx) {
  const double alpha = ctx.node().float_attr("alpha", 0.2f);
  const double beta = ctx.node().float_attr("beta", 0.5f);
  return map_floats(ctx, [alpha, beta](double x) { return clamp_unit(alpha * x + beta); });
}

}  // namespace

extern constinit const OpDef HardSigmoid{
    .name = "HardSigmoid",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "max(0, min(1, alpha * x + beta))",
};

}  // namespace npu::op
