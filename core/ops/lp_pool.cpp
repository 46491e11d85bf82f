// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/norm.h"
#include "core/ops/detail/pool.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr, {"ceil_mode", AttrKind::Int, "0"}, kDilationsAttr, {"kernel_shape", AttrKind::Ints, "required"}, {"p", AttrKind::Int, "2"}, kPadsAttr, kStridesAttr,
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  NPU_CHECK(require_power(ctx));
  NPU_TRY(TensorType pooled, infer_pool(ctx));
  return std::vector{std::move(pooled)};
}

template <class T>
Tensor pool(const EvalContext& ctx, const PlacedWindow& window) {
  Tensor values(ctx.output_dtype(0), ctx.output_shape(0));
  const int64_t p = ctx.node().int_attr("p", 2);
  const T* x = ctx.input(0).data<T>().data();
  T* y = values.mutable_data<T>().data();
  const int64_t planes = ctx.input(0).shape()[0] * ctx.input(0).shape()[1];
  for (int64_t plane = 0; plane < planes; ++plane, x += positions_in(window))
    for_each_output(window, [&](int64_t d, int64_t h, int64_t w) {
      double sum = 0;
      for_each_tap(window, d, h, w, [&](int64_t id, int64_t ih, int64_t iw) {
        sum += power_of(static_cast<double>(x[(id * window[1].in + ih) * window[2].in + iw]), p);
      });
      *y++ = static_cast<T>(root_of(sum, p));
    });
  return values;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto window, placed_pool(ctx));
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? pool<double>(ctx, window) : pool<float>(ctx, window)};
}

}  // namespace

extern constinit const OpDef LpPool{
    .name = "LpPool",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "p-norm of each window of X[N,C,spatial...]",
};

}  // namespace npu::op
