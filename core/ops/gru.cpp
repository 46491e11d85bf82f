// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/recurrent.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kActivationAlphaAttr, kActivationBetaAttr, kActivationsAttr, kClipAttr, kDirectionAttr, kHiddenSizeAttr, kLayoutAttr, {"linear_before_reset", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) { return infer_recurrent(ctx, 3, false); }

// Gates in the order update, reset, hidden.
void step(const RecurrentRun& run, const EvalContext& ctx, size_t direction, const double* x, double* h, double*) {
  const RecurrentDirection& dir = run.dirs[direction];
  const int64_t n = run.hidden;
  const bool linear = ctx.node().int_attr("linear_before_reset", 0) != 0;
  std::vector<double> update(static_cast<size_t>(n)), reset(update), kept(update), next(update);
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    update[at] = dir.activations[0](run.clipped(run.from_input(dir, i, x) + run.from_hidden(dir, i, h)));
    reset[at] = dir.activations[0](run.clipped(run.from_input(dir, n + i, x) + run.from_hidden(dir, n + i, h)));
    kept[at] = reset[at] * h[i];
  }
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    const double recurrent = linear ? reset[at] * run.from_hidden(dir, 2 * n + i, h) : run.from_hidden(dir, 2 * n + i, kept.data());
    const double candidate = dir.activations[1](run.clipped(run.from_input(dir, 2 * n + i, x) + recurrent));
    next[at] = (1 - update[at]) * candidate + update[at] * h[i];
  }
  std::ranges::copy(next, h);
}

TensorsResult reference(const EvalContext& ctx) {
  static constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh"};
  NPU_TRY(const RecurrentRun run, read_recurrent(ctx, 3, kDefaults, false));
  return run_recurrent(ctx, run, step, false);
}

}  // namespace

extern constinit const OpDef GRU{
    .name = "GRU",
    .since = 7,
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Gated recurrent layer: update and reset gates decide how much of h each step keeps",
};

}  // namespace npu::op
