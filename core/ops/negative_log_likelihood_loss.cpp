// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/loss.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(TensorType loss, infer_loss(ctx));
  return std::vector{std::move(loss)};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(Tensor loss, negative_log_likelihood(ctx, ctx.input(0)));
  return std::vector{std::move(loss)};
}

}  // namespace

extern constinit const OpDef NegativeLogLikelihoodLoss{
    .name = "NegativeLogLikelihoodLoss",
    .since = 12,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kLossAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "-weight * X at the label of each position, ignored labels left out, then its sum or weighted mean, or as it is",
};

}  // namespace npu::op
