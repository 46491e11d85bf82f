// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Bool));
  if (ctx.input(1).dtype != ctx.input(2).dtype)
    return ctx.error(fmt::format("X is {}, Y is {}", to_string(ctx.input(1).dtype), to_string(ctx.input(2).dtype)));
  NPU_TRY(auto type, broadcast_inputs(ctx, ctx.input(1).dtype, {0, 1, 2}));
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& condition = ctx.input(0);
  const Tensor& x = ctx.input(1);
  const Tensor& y = ctx.input(2);
  return visit_class<TypeClass::Any>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor output(x.dtype(), ctx.output_shape(0));
    const auto loops = broadcast_loops<3>(output.shape(), {&condition.shape(), &x.shape(), &y.shape()});
    const auto [c_step, x_step, y_step] = loops.run_strides;
    const auto to = output.mutable_data<T>();
    for_each_run(loops, [&](int64_t at, const std::array<int64_t, 3>& offsets) {
      const bool* c = condition.data<bool>().data() + offsets[0];
      const T* left = x.data<T>().data() + offsets[1];
      const T* right = y.data<T>().data() + offsets[2];
      for (int64_t i = 0; i < loops.run; ++i) to[static_cast<size_t>(at + i)] = c[i * c_step] ? left[i * x_step] : right[i * y_step];
    });
    return std::vector{std::move(output)};
  });
}

}  // namespace

extern constinit const OpDef Where{
    .name = "Where",
    .since = 9,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "X where the condition holds, Y elsewhere, with broadcasting",
};

}  // namespace npu::op
