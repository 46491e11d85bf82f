// SPDX-License-Identifier: Apache-2.0
// What DynamicLSTM and DynamicGRU share: recurrent layers whose gates already hold what the inputs add to them.
#pragma once

#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

inline constexpr AttrDef kStepwiseAttrs[] = {{"reverse", AttrKind::Int, "0"}};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Inputs: gates [steps, batch, directions * gates * hidden], weights [directions, gates * hidden, hidden], `states` first states
// [directions, batch, hidden]; what follows is left to the operator. Results: all h [steps, directions, batch, hidden], the last states.
inline TypesResult infer_stepwise(const InferContext& ctx, int64_t gates, size_t states) {
  const DType dtype = ctx.input(0).dtype;
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i = 1; i < ctx.node().inputs.size(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  if (!ctx.input(0).has_rank || !ctx.input(1).has_rank) return std::vector(1 + states, unranked(dtype));
  const Dims &x = ctx.input(0).dims, &r = ctx.input(1).dims;
  if (x.size() != 3 || r.size() != 3) return ctx.error(fmt::format("gates of rank {} and weights of rank {}, need 3", x.size(), r.size()));
  if (r[0].known() && (r[0].value() < 1 || r[0].value() > 2)) return ctx.error(fmt::format("{} directions", r[0].value()));
  if (r[1].known() && r[2].known() && r[1].value() != gates * r[2].value())
    return ctx.error(fmt::format("{} rows of weights for a hidden size of {}", r[1].value(), r[2].value()));
  if (r[0].known() && r[1].known()) NPU_CHECK(unify(ctx, x[2], Dim(r[0].value() * r[1].value()), "gates"));
  const Dims state{r[0], x[1], r[2]};
  for (size_t i = 2; i < std::min(ctx.node().inputs.size(), 2 + states); ++i) {
    if (!ctx.has_input(i) || !ctx.input(i).has_rank) continue;
    if (ctx.input(i).dims.size() != 3) return ctx.error(fmt::format("a state of rank {}", ctx.input(i).dims.size()));
    for (size_t axis = 0; axis < 3; ++axis) NPU_CHECK(unify(ctx, ctx.input(i).dims[axis], state[axis], "state"));
  }
  std::vector<TensorType> types(1 + states, TensorType::of(dtype, state));
  types[0] = TensorType::of(dtype, Dims{x[0], r[0], x[1], r[2]});
  return types;
}

// One step of one sequence: what inputs and h add to the gates (gates * hidden values each), and the states, which it replaces.
struct Step {
  int64_t direction, hidden;
  const double *from_input, *from_hidden;
  double *h, *c;
};

// In double. The second direction runs backwards, with reverse 1 the only one does. run(const Step&); c is nullptr with one state.
template <class Run>
TensorsResult reference_stepwise(const EvalContext& ctx, int64_t gate_count, size_t states, Run&& run) {
  const npu::Shape x = ctx.input(0).shape(), r = ctx.input(1).shape();
  const int64_t steps = x[0], batch = x[1], directions = r[0], n = r[2], rows = gate_count * n;
  const bool reverse = ctx.node().int_attr("reverse", 0) != 0;
  const auto gates = ctx.input(0).to_doubles(), weights = ctx.input(1).to_doubles();
  const auto state_of = [&](size_t input) {
    return ctx.has_input(input) ? ctx.input(input).to_doubles() : std::vector<double>(static_cast<size_t>(directions * batch * n), 0.0);
  };
  std::vector<double> h = state_of(2), c = states > 1 ? state_of(3) : std::vector<double>{}, y(static_cast<size_t>(steps * directions * batch * n));
  std::vector<double> from_hidden(static_cast<size_t>(rows));
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t step = reverse || d == 1 ? steps - 1 - t : t;
      for (int64_t b = 0; b < batch; ++b) {
        double* hidden = h.data() + (d * batch + b) * n;
        for (int64_t row = 0; row < rows; ++row) {
          const double* weight = weights.data() + (d * rows + row) * n;
          double& sum = from_hidden[static_cast<size_t>(row)] = 0;
          for (int64_t k = 0; k < n; ++k) sum += weight[k] * hidden[k];
        }
        run(Step{d, n, gates.data() + ((step * batch + b) * directions + d) * rows, from_hidden.data(), hidden, states > 1 ? c.data() + (d * batch + b) * n : nullptr});
        std::copy_n(hidden, n, y.begin() + ((step * directions + d) * batch + b) * n);
      }
    }
  const DType dtype = ctx.output_dtype(0);
  const auto tensor = [&](const npu::Shape& shape, const std::vector<double>& values) { return Tensor::from<double>(DType::Float64, shape, values).cast(dtype); };
  const npu::Shape state{directions, batch, n};
  std::vector<Tensor> results{tensor({steps, directions, batch, n}, y), tensor(state, h)};
  if (states > 1) results.push_back(tensor(state, c));
  return results;
}

}  // namespace npu::detail
