// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return 1 / x; });
}

}  // namespace

extern constinit const OpDef Reciprocal{
    .name = "Reciprocal",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Float>,
    .reference = reference,
    .doc = "1 / x",
};

}  // namespace npu::op
