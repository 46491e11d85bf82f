// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"reverse", AttrKind::Int, "0"}};

// Gates [steps, batch, directions * 4 * hidden], weights [directions, 4 * hidden, hidden], states [directions, batch, hidden].
TypesResult infer(const InferContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i = 1; i < ctx.node().inputs.size(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  if (!ctx.input(0).has_rank || !ctx.input(1).has_rank) return std::vector(3, unranked(dtype));
  const Dims &x = ctx.input(0).dims, &r = ctx.input(1).dims;
  if (x.size() != 3 || r.size() != 3) return ctx.error(fmt::format("gates of rank {} and weights of rank {}, need 3", x.size(), r.size()));
  if (r[0].known() && (r[0].value() < 1 || r[0].value() > 2)) return ctx.error(fmt::format("{} directions", r[0].value()));
  if (r[1].known() && r[2].known() && r[1].value() != 4 * r[2].value())
    return ctx.error(fmt::format("{} rows of weights for a hidden size of {}", r[1].value(), r[2].value()));
  if (r[0].known() && r[1].known()) NPU_CHECK(unify(ctx, x[2], Dim(r[0].value() * r[1].value()), "gates"));
  const Dims state{r[0], x[1], r[2]};
  for (size_t i = 2; i < ctx.node().inputs.size(); ++i) {
    if (!ctx.has_input(i) || !ctx.input(i).has_rank) continue;
    if (ctx.input(i).dims.size() != 3) return ctx.error(fmt::format("a state of rank {}", ctx.input(i).dims.size()));
    for (size_t axis = 0; axis < 3; ++axis) NPU_CHECK(unify(ctx, ctx.input(i).dims[axis], state[axis], "state"));
  }
  return std::vector{TensorType::of(dtype, Dims{x[0], r[0], x[1], r[2]}), TensorType::of(dtype, state), TensorType::of(dtype, state)};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape x = ctx.input(0).shape(), r = ctx.input(1).shape();
  const int64_t steps = x[0], batch = x[1], directions = r[0], n = r[2];
  const bool reverse = ctx.node().int_attr("reverse", 0) != 0;
  const auto gates = ctx.input(0).to_doubles(), weights = ctx.input(1).to_doubles();
  const auto state_of = [&](size_t input) {
    return ctx.has_input(input) ? ctx.input(input).to_doubles() : std::vector<double>(static_cast<size_t>(directions * batch * n), 0.0);
  };
  std::vector<double> h = state_of(2), c = state_of(3), y(static_cast<size_t>(steps * directions * batch * n));
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t step = reverse || d == 1 ? steps - 1 - t : t;
      for (int64_t b = 0; b < batch; ++b) {
        double* hidden = h.data() + (d * batch + b) * n;
        double* cell = c.data() + (d * batch + b) * n;
        const auto gate = [&](int64_t which, int64_t i) {
          const int64_t row = which * n + i;
          double sum = gates[static_cast<size_t>((step * batch + b) * directions * 4 * n + d * 4 * n + row)];
          for (int64_t k = 0; k < n; ++k) sum += weights[static_cast<size_t>((d * 4 * n + row) * n + k)] * hidden[k];
          return sum;
        };
        std::vector<double> next(static_cast<size_t>(n));
        for (int64_t i = 0; i < n; ++i) {
          cell[i] = sigmoid(gate(2, i)) * cell[i] + sigmoid(gate(0, i)) * std::tanh(gate(3, i));
          next[static_cast<size_t>(i)] = sigmoid(gate(1, i)) * std::tanh(cell[i]);
        }
        std::ranges::copy(next, hidden);
        std::ranges::copy(next, y.begin() + ((step * directions + d) * batch + b) * n);
      }
    }
  const DType dtype = ctx.output_dtype(0);
  const auto tensor = [&](const npu::Shape& shape, const std::vector<double>& values) { return Tensor::from<double>(DType::Float64, shape, values).cast(dtype); };
  const npu::Shape state{directions, batch, n};
  return std::vector{tensor({steps, directions, batch, n}, y), tensor(state, h), tensor(state, c)};
}

}  // namespace

extern constinit const OpDef DynamicLSTM{
    .name = "DynamicLSTM",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 3,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "LSTM whose gates (input, output, forget, cell) already hold what the inputs add to them: gates, recurrent weights, first h and c; the second direction runs "
           "backwards, with reverse 1 the only one does",
};

}  // namespace npu::op
