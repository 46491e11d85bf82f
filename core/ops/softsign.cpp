// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return x / (1 + (x < 0 ? -x : x)); });
}

}  // namespace

extern constinit const OpDef Softsign{
    .name = "Softsign",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "x / (1 + |x|)",
};

}  // namespace npu::op
