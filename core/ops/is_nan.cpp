// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Float));
  TensorType type = ctx.input(0);
  type.dtype = DType::Bool;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  return visit_class<TypeClass::Float>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(DType::Bool, ctx.input(0).shape());
    std::ranges::transform(ctx.input(0).data<T>(), y.mutable_data<bool>().begin(), [](T x) { return x != x; });
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef IsNaN{
    .name = "IsNaN",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Whether an element is NaN",
};

}  // namespace npu::op
