// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/stepwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr int64_t kGates = 4;
constexpr size_t kStates = 2;

TypesResult infer(const InferContext& ctx) { return infer_stepwise(ctx, kGates, kStates); }

TensorsResult reference(const EvalContext& ctx) {
  return reference_stepwise(ctx, kGates, kStates, [](const Step& s) {
    const auto gate = [&](int64_t which, int64_t i) { return s.from_input[which * s.hidden + i] + s.from_hidden[which * s.hidden + i]; };
    for (int64_t i = 0; i < s.hidden; ++i) {
      s.c[i] = sigmoid(gate(2, i)) * s.c[i] + sigmoid(gate(0, i)) * std::tanh(gate(3, i));
      s.h[i] = sigmoid(gate(1, i)) * std::tanh(s.c[i]);
    }
  });
}

}  // namespace

extern constinit const OpDef DynamicLSTM{
    .name = "DynamicLSTM",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 3,
    .attrs = kStepwiseAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "LSTM whose gates (input, output, forget, cell) already hold what the inputs add to them: gates, recurrent weights, first h and c; the second direction runs "
           "backwards, with reverse 1 the only one does",
};

}  // namespace npu::op
