// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return x * fixed::tanh(fixed::softplus(x)); });
}

}  // namespace

extern constinit const OpDef Mish{
    .name = "Mish",
    .since = 18,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "x * tanh(softplus(x))",
};

}  // namespace npu::op
