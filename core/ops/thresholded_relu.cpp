// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "1.0"}};

TensorsResult reference(const EvalContext& ctx) {
  const double alpha = ctx.node().float_attr("alpha", 1.0f);
  return map_floats(ctx, [=](double x) { return x > alpha ? x : 0.0; });
}

}  // namespace

extern constinit const OpDef ThresholdedRelu{
    .name = "ThresholdedRelu",
    .since = 10,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "x where x > alpha, 0 elsewhere",
};

}  // namespace npu::op
