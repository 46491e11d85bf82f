// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "1"}};

TensorsResult reference(const EvalContext& ctx) {
  const double alpha = ctx.node().float_attr("alpha", 1.0f);
  return map_floats(ctx, [alpha](double x) { return x / (1 + fixed::exp(-alpha * x)); });
}

}  // namespace

extern constinit const OpDef Swish{
    .name = "Swish",
    .since = 24,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "x * sigmoid(alpha * x)",
};

}  // namespace npu::op
