// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/recurrent.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kActivationAlphaAttr, kActivationBetaAttr, kActivationsAttr, kClipAttr, kDirectionAttr, kHiddenSizeAttr, {"input_forget", AttrKind::Int, "0"}, kLayoutAttr};

TypesResult infer(const InferContext& ctx) { return infer_recurrent(ctx, 4, true); }

// Gates in the order input, output, forget, cell; peepholes P in the order input, output, forget.
void step(const RecurrentRun& run, const EvalContext& ctx, size_t direction, const double* x, double* h, double* c) {
  const RecurrentDirection& dir = run.dirs[direction];
  const int64_t n = run.hidden;
  const bool coupled = ctx.node().int_attr("input_forget", 0) != 0;
  std::vector<double> peepholes(static_cast<size_t>(3 * n), 0.0), next(static_cast<size_t>(n));
  if (ctx.has_input(7)) {
    const auto all = ctx.input(7).to_doubles();
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(direction) * 3 * n, 3 * n, peepholes.begin());
  }
  const auto gate = [&](int64_t which, int64_t i, double peephole, double cell) {
    return run.clipped(run.from_input(dir, which * n + i, x) + run.from_hidden(dir, which * n + i, h) + peephole * cell);
  };
  for (int64_t i = 0; i < n; ++i) {
    const double* p = peepholes.data() + i;
    const double opened = dir.activations[0](gate(0, i, p[0], c[i]));
    const double forgets = coupled ? 1 - opened : dir.activations[0](gate(2, i, p[2 * n], c[i]));
    const double cell = forgets * c[i] + opened * dir.activations[1](gate(3, i, 0, 0));
    next[static_cast<size_t>(i)] = dir.activations[0](gate(1, i, p[n], cell)) * dir.activations[2](cell);
    c[i] = cell;
  }
  std::ranges::copy(next, h);
}

TensorsResult reference(const EvalContext& ctx) {
  static constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh", "Tanh"};
  NPU_TRY(const RecurrentRun run, read_recurrent(ctx, 4, kDefaults, true));
  return run_recurrent(ctx, run, step, true);
}

}  // namespace

extern constinit const OpDef LSTM{
    .name = "LSTM",
    .since = 7,
    .min_inputs = 3,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 3,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Long short-term memory: gates decide what enters and leaves a cell state along each sequence",
};

}  // namespace npu::op
