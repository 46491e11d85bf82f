// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/recurrent.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kActivationAlphaAttr, kActivationBetaAttr, kActivationsAttr, kClipAttr, kDirectionAttr, kHiddenSizeAttr, kLayoutAttr};

TypesResult infer(const InferContext& ctx) { return infer_recurrent(ctx, 1, false); }

void step(const RecurrentRun& run, const EvalContext&, size_t direction, const double* x, double* h, double*) {
  const RecurrentDirection& dir = run.dirs[direction];
  std::vector<double> next(static_cast<size_t>(run.hidden));
  for (int64_t i = 0; i < run.hidden; ++i)
    next[static_cast<size_t>(i)] = dir.activations[0](run.clipped(run.from_input(dir, i, x) + run.from_hidden(dir, i, h)));
  std::ranges::copy(next, h);
}

TensorsResult reference(const EvalContext& ctx) {
  static constexpr std::string_view kDefaults[] = {"Tanh"};
  NPU_TRY(const RecurrentRun run, read_recurrent(ctx, 1, kDefaults, false));
  return run_recurrent(ctx, run, step, false);
}

}  // namespace

extern constinit const OpDef RNN{
    .name = "RNN",
    .since = 7,
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Recurrent layer: h = f(W x + R h + b) along each sequence, in one or both directions",
};

}  // namespace npu::op
