// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"detect_negative", AttrKind::Int, "1"}, {"detect_positive", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  if (!is_narrow_float(ctx.input(0).dtype)) NPU_CHECK(require_type(ctx, 0, TypeClass::Float));
  TensorType type = ctx.input(0);
  type.dtype = DType::Bool;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const bool negative = ctx.node().int_attr("detect_negative", 1) != 0, positive = ctx.node().int_attr("detect_positive", 1) != 0;
  return visit_class<TypeClass::Float>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    Tensor y(DType::Bool, ctx.input(0).shape());
    std::ranges::transform(ctx.input(0).data<T>(), y.mutable_data<bool>().begin(),
                           [=](T x) { return (negative && x == -kInfinity) || (positive && x == kInfinity); });
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef IsInf{
    .name = "IsInf",
    .since = 10,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Whether an element is infinite, of the signs asked for",
};

}  // namespace npu::op
