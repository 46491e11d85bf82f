// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_same_dtype(ctx, 1));
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  NPU_TRY(const auto broadcast, broadcast_inputs(ctx, ctx.input(0).dtype, {0, 1}));
  const TensorType& x = ctx.input(0);
  // The slope is broadcast to X, never the other way.
  bool grows = x.has_rank && broadcast.has_rank && broadcast.dims.size() != x.dims.size();
  for (size_t i = 0; !grows && broadcast.has_rank && i < x.dims.size(); ++i)
    grows = x.dims[i].known() && broadcast.dims[i].known() && x.dims[i].value() != broadcast.dims[i].value();
  if (grows)
    return ctx.error(fmt::format("slope {} cannot be broadcast to {}", to_string(ctx.input(1).dims), to_string(x.dims)));
  return std::vector{x};
}

struct Function {
  template <class T> T operator()(T x, T slope) const { return x < T{0} ? WrappingMultiply()(x, slope) : x; }
};

TensorsResult reference(const EvalContext& ctx) { return reference_fold<TypeClass::Number, Function>(ctx); }

}  // namespace

extern constinit const OpDef PRelu{
    .name = "PRelu",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "x where x >= 0, slope * x elsewhere; slope is broadcast to x",
};

}  // namespace npu::op
