// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kReluAttr};

TypesResult infer(const InferContext& ctx) { return infer_quantized(ctx, "Add", {{0, 1, 2}, {3, 4, 5}}, 6, 7); }

TensorsResult reference(const EvalContext& ctx) {
  const Quantization a = Quantization::read(ctx, 1, 2), b = Quantization::read(ctx, 4, 5), y = Quantization::read(ctx, 6, 7);
  const auto real = [&](size_t i, const Quantization& q) {
    Tensor values = centred(ctx.input(i), q.zero, 1).cast(DType::Float32);
    for (float& v : values.mutable_data<float>()) v *= q.scale[0];
    return values;
  };
  NPU_TRY(const auto sums, run_float_form(ctx, "Add", {real(0, a), real(3, b)}));
  Tensor result(ctx.output_dtype(0), sums[0].shape());
  const auto values = sums[0].data<float>();
  auto bytes = result.mutable_bytes();
  for (size_t i = 0; i < values.size(); ++i) bytes[i] = to_byte(to_quantized(relu_if_asked(ctx, values[i] / y.scale[0]), y.zero[0], result.dtype()));
  return std::vector{result};
}

}  // namespace

extern constinit const OpDef QLinearAdd{
    .name = "QLinearAdd",
    .since = 10,
    .min_inputs = 8,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Sum of quantised A and B with broadcasting, quantised again (com.microsoft)",
};

}  // namespace npu::op
