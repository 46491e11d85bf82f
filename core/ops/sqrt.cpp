// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return std::sqrt(x); });
}

}  // namespace

extern constinit const OpDef Sqrt{
    .name = "Sqrt",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "Square root, correctly rounded",
};

}  // namespace npu::op
