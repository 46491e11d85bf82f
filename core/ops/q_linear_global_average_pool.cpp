// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) { return infer_quantized(ctx, "GlobalAveragePool", {{0, 1, 2}}, 3, 4); }

TensorsResult reference(const EvalContext& ctx) {
  const Quantization x = Quantization::read(ctx, 1, 2), y = Quantization::read(ctx, 3, 4);
  NPU_TRY(const auto means, run_float_form(ctx, "GlobalAveragePool", {centred(ctx.input(0), x.zero, 1)}));
  Tensor result(ctx.output_dtype(0), means[0].shape());
  const auto values = means[0].data<double>();
  auto bytes = result.mutable_bytes();
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i] = to_byte(to_quantized(static_cast<float>(values[i]) * x.scale[0] / y.scale[0], y.zero[0], result.dtype()));
  return std::vector{result};
}

}  // namespace

extern constinit const OpDef QLinearGlobalAveragePool{
    .name = "QLinearGlobalAveragePool",
    .since = 10,
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Mean over all spatial dimensions of a quantised X, quantised again (com.microsoft)",
};

}  // namespace npu::op
