// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

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

template <class Element>
void select(const Tensor& condition, const Tensor& x, const Tensor& y, Tensor& output) {
  const auto loops = broadcast_loops<3>(output.shape(), {&condition.shape(), &x.shape(), &y.shape()});
  const auto [c_step, x_step, y_step] = loops.run_strides;
  const auto to = output.mutable_data<Element>();
  for_each_run(loops, [&](int64_t at, const std::array<int64_t, 3>& offsets) {
    const bool* c = condition.data<bool>().data() + offsets[0];
    const Element* left = x.data<Element>().data() + offsets[1];
    const Element* right = y.data<Element>().data() + offsets[2];
    for (int64_t i = 0; i < loops.run; ++i) to[static_cast<size_t>(at + i)] = c[i * c_step] ? left[i * x_step] : right[i * y_step];
  });
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(1);
  Tensor output(x.dtype(), ctx.output_shape(0));
  visit_size(x.dtype(), [&]<class Element>() { select<Element>(ctx.input(0), x, ctx.input(2), output); });
  return std::vector{std::move(output)};
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
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
