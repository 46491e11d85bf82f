// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const Dims& b = ctx.input(3).dims;
  return infer_quantized(ctx, "MatMul", {{0, 1, 2}, {3, 4, 5, b.empty() ? Dim() : b.back()}}, 6, 7);
}

TensorsResult reference(const EvalContext& ctx) {
  const auto columns = static_cast<size_t>(ctx.input(3).shape().back());
  const auto count = static_cast<size_t>(ctx.input(4).elements());
  if (count != 1 && count != columns) return ctx.error(fmt::format("{} scales for {} columns", count, columns));
  const Quantization a = Quantization::read(ctx, 1, 2), b = Quantization::read(ctx, 4, 5, columns), y = Quantization::read(ctx, 6, 7);
  NPU_TRY(const auto sums, run_float_form(ctx, "MatMul", {centred(ctx.input(0), a.zero, 1), centred(ctx.input(3), b.zero, 1)}));
  return std::vector{requantize(ctx, sums[0], Tensor(), a, b, y, sums[0].shape().size() - 1)};
}

}  // namespace

extern constinit const OpDef QLinearMatMul{
    .name = "QLinearMatMul",
    .since = 10,
    .min_inputs = 8,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Matrix product of quantised a and b, quantised again; b may have one scale for each column",
};

}  // namespace npu::op
