// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return x * clamp_unit(x / 6 + 0.5); });
}

}  // namespace

extern constinit const OpDef HardSwish{
    .name = "HardSwish",
    .since = 14,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "x * max(0, min(1, x / 6 + 1/2))",
};

}  // namespace npu::op
