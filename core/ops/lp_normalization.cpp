// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "-1"}, {"p", AttrKind::Int, "2"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  const int64_t p = ctx.node().int_attr("p", 2);
  if (p != 1 && p != 2) return ctx.error(fmt::format("p is {}, 1 and 2 are known", p));
  if (ctx.input(0).has_rank) NPU_CHECK(normalize_axis(ctx, ctx.node().int_attr("axis", -1), ctx.input(0).dims.size()));
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), x.shape().size()));
  const bool squares = ctx.node().int_attr("p", 2) == 2;
  const int64_t length = x.shape()[axis], inner = row_major_strides(x.shape())[axis];
  return visit_class<TypeClass::Float>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(x.dtype(), x.shape());
    const T* from = x.data<T>().data();
    T* to = y.mutable_data<T>().data();
    const int64_t lanes = length == 0 ? 0 : x.elements() / length;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t start = lane / inner * length * inner + lane % inner;
      double sum = 0;
      for (int64_t i = 0; i < length; ++i) {
        const auto value = static_cast<double>(from[start + i * inner]);
        sum += squares ? value * value : std::abs(value);
      }
      const double norm = squares ? std::sqrt(sum) : sum;
      for (int64_t i = 0; i < length; ++i) {
        const auto value = static_cast<double>(from[start + i * inner]);
        to[start + i * inner] = static_cast<T>(norm == 0 ? 0.0 : value / norm);
      }
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef LpNormalization{
    .name = "LpNormalization",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "x divided by its norm (of absolute values, p=1, or of squares, p=2) along axis; 0 where that is 0",
};

}  // namespace npu::op
