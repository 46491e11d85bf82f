// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kReluAttr, {"transA", AttrKind::Int, "0"}, {"transB", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const Dims& b = ctx.input(3).dims;
  const Dim columns = b.size() != 2 ? Dim() : b[ctx.node().int_attr("transB", 0) != 0 ? 0 : 1];
  if (!ctx.has_input(7)) return ctx.error("a result without a scale is not supported");
  if (ctx.has_input(6) && ctx.input(6).dtype != DType::Int32) return ctx.error(fmt::format("C is {}, needs int32", to_string(ctx.input(6).dtype)));
  return infer_quantized(ctx, "Gemm", {{0, 1, 2}, {3, 4, 5, columns}}, 7, 8);
}

TensorsResult reference(const EvalContext& ctx) {
  const bool transposed = ctx.node().int_attr("transB", 0) != 0;
  const auto& b_shape = ctx.input(3).shape();
  const auto columns = static_cast<size_t>(transposed ? b_shape[0] : b_shape[1]);
  const Quantization a = Quantization::read(ctx, 1, 2), b = Quantization::read(ctx, 4, 5, columns), y = Quantization::read(ctx, 7, 8);
  NPU_TRY(const auto sums, run_float_form(ctx, "Gemm", {centred(ctx.input(0), a.zero, 1), centred(ctx.input(3), b.zero, transposed ? b_shape[1] : 1)}));
  return std::vector{requantize(ctx, sums[0], ctx.has_input(6) ? ctx.input(6) : Tensor(), a, b, y, 1)};
}

}  // namespace

extern constinit const OpDef QGemm{
    .name = "QGemm",
    .since = 10,
    .min_inputs = 6,
    .max_inputs = 9,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Gemm of quantised A and B plus int32 C (scale a_scale * b_scale, one value a column), quantised again (com.microsoft)",
};

}  // namespace npu::op
