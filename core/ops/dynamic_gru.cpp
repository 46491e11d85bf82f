// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/stepwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr int64_t kGates = 3;
constexpr size_t kStates = 1, kBias = 3;

TypesResult infer(const InferContext& ctx) {
  if (ctx.has_input(kBias) && ctx.input(kBias).has_rank && ctx.input(1).has_rank && ctx.input(1).dims.size() == 3) {
    const Dims &bias = ctx.input(kBias).dims, &r = ctx.input(1).dims;
    if (bias.size() != 2) return ctx.error(fmt::format("a bias of rank {}, need 2", bias.size()));
    NPU_CHECK(unify(ctx, bias[0], r[0], "directions"));
    NPU_CHECK(unify(ctx, bias[1], r[2], "hidden size"));
  }
  return infer_stepwise(ctx, kGates, kStates);
}

TensorsResult reference(const EvalContext& ctx) {
  const auto bias = ctx.has_input(kBias) ? ctx.input(kBias).to_doubles() : std::vector<double>(static_cast<size_t>(ctx.input(1).shape()[0] * ctx.input(1).shape()[2]), 0.0);
  return reference_stepwise(ctx, kGates, kStates, [&](const Step& s) {
    const int64_t n = s.hidden;
    for (int64_t i = 0; i < n; ++i) {
      const double update = sigmoid(s.from_input[i] + s.from_hidden[i]), reset = sigmoid(s.from_input[n + i] + s.from_hidden[n + i]);
      const double candidate = std::tanh(s.from_input[2 * n + i] + reset * (s.from_hidden[2 * n + i] + bias[static_cast<size_t>(s.direction * n + i)]));
      s.h[i] = (1 - update) * candidate + update * s.h[i];
    }
  });
}

}  // namespace

extern constinit const OpDef DynamicGRU{
    .name = "DynamicGRU",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kStepwiseAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "GRU with linear_before_reset whose gates (update, reset, candidate) already hold what the inputs add to them: gates, recurrent weights, first h, what is added to "
           "the candidate's recurrent part before the reset [directions, hidden]; directions as in DynamicLSTM",
};

}  // namespace npu::op
