// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(auto sums, (reference_fold<TypeClass::Float, WrappingAdd>(ctx)));
  return visit_class<TypeClass::Float>(sums[0].dtype(), [&]<class T>() -> TensorsResult {
    for (T& value : sums[0].mutable_data<T>()) value /= static_cast<T>(ctx.input_count());
    return std::move(sums);
  });
}

}  // namespace

extern constinit const OpDef Mean{
    .name = "Mean",
    .since = 8,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_broadcast<TypeClass::Float>,
    .reference = reference,
    .doc = "Sum of all inputs with broadcasting, divided by their number",
};

}  // namespace npu::op
