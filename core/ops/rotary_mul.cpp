// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2}) NPU_CHECK(require_same_dtype(ctx, i));
  if (!x.has_rank) return infer_same(ctx);
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 1));
  if (x.dims[rank - 1].known() && x.dims[rank - 1].value() % 2 != 0) return ctx.error(fmt::format("rows of {} elements have no halves", x.dims[rank - 1].value()));
  for (size_t i : {1, 2}) {
    if (!ctx.input(i).has_rank) continue;
    Dims joined = x.dims;
    if (!broadcast_into(joined, ctx.input(i).dims) || joined.size() != rank || (x.is_static() && joined != x.dims))
      return ctx.error(fmt::format("a table of shape {} for {}", to_string(ctx.input(i).dims), to_string(x.dims)));
  }
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int64_t length = x.shape().back(), half = length / 2;
  // rotated: the halves of a row exchanged, the first one negative.
  return visit_class<TypeClass::Float>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(x.dtype(), x.shape());
    const auto from = x.data<T>(), cosines = ctx.input(1).data<T>(), sines = ctx.input(2).data<T>();
    const Shape c = broadcast_strides(ctx.input(1).shape(), x.shape()), s = broadcast_strides(ctx.input(2).shape(), x.shape());
    for (int64_t i = 0; T& to : y.mutable_data<T>()) {
      int64_t rest = i, at_c = 0, at_s = 0;
      for (size_t axis = x.shape().size(); axis-- > 0; rest /= x.shape()[axis]) at_c += rest % x.shape()[axis] * c[axis], at_s += rest % x.shape()[axis] * s[axis];
      const bool first = i % length < half;
      const auto other = static_cast<double>(from[static_cast<size_t>(first ? i + half : i - half)]);
      to = static_cast<T>(static_cast<double>(from[static_cast<size_t>(i)]) * static_cast<double>(cosines[static_cast<size_t>(at_c)]) +
                          (first ? -other : other) * static_cast<double>(sines[static_cast<size_t>(at_s)]));
      ++i;
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef RotaryMul{
    .name = "RotaryMul",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .infer = infer,
    .reference = reference,
    .doc = "X * Cos + Concat(-second half, first half of X's rows) * Sin, both tables broadcast to X; the vendor's operator of that name",
};

}  // namespace npu::op
