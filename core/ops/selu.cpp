// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "1.67326319217681884765625"}, {"gamma", AttrKind::Float, "1.05070102214813232421875"}};

TensorsResult reference(const EvalContext& ctx) {
  const double alpha = ctx.node().float_attr("alpha", 1.67326319217681884765625f);
  const double gamma = ctx.node().float_attr("gamma", 1.05070102214813232421875f);
  return map_floats(ctx, [alpha, gamma](double x) { return gamma * (x < 0 ? alpha * fixed::expm1(x) : x); });
}

}  // namespace

extern constinit const OpDef Selu{
    .name = "Selu",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "gamma * x where x >= 0, gamma * alpha * (e^x - 1) elsewhere",
};

}  // namespace npu::op
