// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/softmax.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, softmax_axis(ctx, x.shape().size()));
  int64_t size = 1, inner = 1;
  for (size_t i = axis; i < x.shape().size(); ++i) (i == axis || ctx.opset() < 13 ? size : inner) *= x.shape()[i];
  return visit_class<TypeClass::Float>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(x.dtype(), x.shape());
    const T* from = x.data<T>().data();
    const auto to = y.mutable_data<T>();
    const int64_t lanes = to.empty() ? 0 : static_cast<int64_t>(to.size()) / size;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t at = lane / inner * size * inner + lane % inner;
      int64_t best = 0;
      for (int64_t i = 1; i < size; ++i)
        if (from[at + i * inner] > from[at + best * inner]) best = i;
      to[static_cast<size_t>(at + best * inner)] = T{1};
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef Hardmax{
    .name = "Hardmax",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kSoftmaxAttrs,
    .infer = infer_softmax,
    .reference = reference,
    .doc = "1 at the first largest element along axis, 0 elsewhere; before opset 13 over all dimensions from axis on",
};

}  // namespace npu::op
