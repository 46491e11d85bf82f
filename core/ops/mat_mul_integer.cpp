// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  for (size_t i : {0, 1}) {
    if (!is_byte(ctx.input(i).dtype)) return ctx.error(fmt::format("input {} is {}, needs int8 or uint8", i, to_string(ctx.input(i).dtype)));
    if (ctx.has_input(i + 2) && ctx.input(i + 2).dtype != ctx.input(i).dtype)
      return ctx.error(fmt::format("input {} is {}, its zero point {}", i, to_string(ctx.input(i).dtype), to_string(ctx.input(i + 2).dtype)));
  }
  NPU_TRY(auto types, infer_float_form(ctx, "MatMul", std::vector<size_t>{0, 1}));
  types[0].dtype = DType::Int32;
  return types;
}

// The zero points belong to rows of A and columns of B: one for all, or one each.
Result<Tensor> less_zero(const EvalContext& ctx, size_t i) {
  const Tensor& q = ctx.input(i);
  if (!ctx.has_input(i + 2)) return q.cast(DType::Float64);
  const auto zero = ctx.input(i + 2).to_ints();
  const int64_t columns = q.shape().empty() ? 1 : q.shape().back(), rows = q.shape().size() < 2 ? 1 : *(q.shape().rbegin() + 1);
  const int64_t inner = i == 0 ? columns : 1, wanted = i == 0 ? rows : columns;
  const auto count = static_cast<int64_t>(zero.size());
  if (count != 1 && count != wanted && count != q.elements() / std::max<int64_t>(1, inner))
    return ctx.error(fmt::format("{} zero points for input {} of shape {}", count, i, to_string(q.shape())));
  return centred(q, zero, inner);
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Tensor a, less_zero(ctx, 0));
  NPU_TRY(const Tensor b, less_zero(ctx, 1));
  NPU_TRY(const auto product, run_float_form(ctx, "MatMul", {a, b}));  // exact in double
  return std::vector{product[0].cast(DType::Int32)};
}

}  // namespace

extern constinit const OpDef MatMulInteger{
    .name = "MatMulInteger",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Matrix product of 8-bit integers less their zero points, in int32",
};

}  // namespace npu::op
