// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/recurrent.h"

#include <limits>

#include "core/ops/detail/math_functions.h"

namespace npu::detail {

namespace {

struct Known {
  std::string_view name;  // in lower case
  double (*function)(double, double, double);
  double alpha, beta;     // defaults; NaN when the function has no such parameter
};

constexpr double kNone_ = std::numeric_limits<double>::quiet_NaN();

constexpr Known kActivations[] = {
    {"relu", [](double x, double, double) { return x > 0 ? x : 0; }, kNone_, kNone_},
    {"tanh", [](double x, double, double) { return fixed::tanh(x); }, kNone_, kNone_},
    {"sigmoid", [](double x, double, double) { return fixed::sigmoid(x); }, kNone_, kNone_},
    {"affine", [](double x, double a, double b) { return a * x + b; }, 1, 0},
    {"leakyrelu", [](double x, double a, double) { return x < 0 ? a * x : x; }, 0.01, kNone_},
    {"thresholdedrelu", [](double x, double a, double) { return x >= a ? x : 0; }, 1, kNone_},
    {"scaledtanh", [](double x, double a, double b) { return a * fixed::tanh(b * x); }, 1, 1},
    {"hardsigmoid", [](double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }, 0.2, 0.5},
    {"elu", [](double x, double a, double) { return x < 0 ? a * fixed::expm1(x) : x; }, 1, kNone_},
    {"softsign", [](double x, double, double) { return x / (1 + (x < 0 ? -x : x)); }, kNone_, kNone_},
    {"softplus", [](double x, double, double) { return fixed::softplus(x); }, kNone_, kNone_},
};

Result<const Known*> find_activation(const EvalContext& ctx, std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const Known& row : kActivations)
    if (row.name == name) return &row;
  return ctx.error(fmt::format("activation '{}' is not known", name));
}

template <class Context>
Result<int64_t> direction_count(const Context& ctx) {
  const std::string direction = ctx.node().string_attr("direction", "forward");
  if (direction == "forward" || direction == "reverse") return 1;
  if (direction == "bidirectional") return 2;
  return ctx.error(fmt::format("direction '{}' is not known", direction));
}

// The lists of alphas and betas go to the activations that have one, in order.
Result<std::vector<Activation>> read_activations(const EvalContext& ctx, std::span<const std::string_view> defaults, size_t directions) {
  std::vector<std::string> names;
  if (const Attr* given = ctx.node().find_attr("activations")) names = std::get<std::vector<std::string>>(*given);
  for (size_t d = 0; names.size() < directions * defaults.size() && d < directions && !ctx.node().find_attr("activations"); ++d)
    names.insert(names.end(), defaults.begin(), defaults.end());
  if (names.size() != directions * defaults.size())
    return ctx.error(fmt::format("{} activations, needs {}", names.size(), directions * defaults.size()));
  const auto alphas = ctx.node().floats_attr("activation_alpha"), betas = ctx.node().floats_attr("activation_beta");
  size_t next_alpha = 0, next_beta = 0;
  std::vector<Activation> result;
  for (const std::string& name : names) {
    NPU_TRY(const Known* known, find_activation(ctx, name));
    Activation activation{known->function, known->alpha, known->beta};
    if (known->alpha == known->alpha && next_alpha < alphas.size()) activation.alpha = alphas[next_alpha++];
    if (known->beta == known->beta && next_beta < betas.size()) activation.beta = betas[next_beta++];
    result.push_back(activation);
  }
  return result;
}

Status require_dims(const InferContext& ctx, size_t i, const Dims& dims, std::string_view what) {
  if (!ctx.has_input(i) || !ctx.input(i).has_rank) return {};
  const Dims& given = ctx.input(i).dims;
  if (given.size() != dims.size()) return ctx.error(fmt::format("{} is of shape {}, needs rank {}", what, to_string(given), dims.size()));
  for (size_t d = 0; d < dims.size(); ++d) NPU_CHECK(unify(ctx, given[d], dims[d], what));
  return {};
}

Dim times(const Dim& dim, int64_t factor) { return dim.known() ? Dim(dim.value() * factor) : Dim(); }

}  // namespace

TypesResult infer_recurrent(const InferContext& ctx, int64_t gates, bool with_cell) {
  const TensorType &x = ctx.input(0), &r = ctx.input(2);
  for (size_t i : {0, 1, 2, 3, 5, 6, 7}) {
    if (!ctx.has_input(i)) continue;
    NPU_CHECK(require_float(ctx, i));
    NPU_CHECK(require_same_dtype(ctx, i));
  }
  if (ctx.has_input(4) && ctx.input(4).dtype != DType::Int32) return ctx.error(fmt::format("sequence_lens is {}, needs int32", to_string(ctx.input(4).dtype)));
  NPU_TRY(const int64_t directions, direction_count(ctx));
  const int64_t layout = ctx.node().int_attr("layout", 0);
  if (layout != 0 && layout != 1) return ctx.error(fmt::format("layout is {}, needs 0 or 1", layout));
  Dims sequence(3);
  if (x.has_rank) {
    if (x.dims.size() != 3) return ctx.error(fmt::format("X is of shape {}, needs rank 3", to_string(x.dims)));
    sequence = x.dims;
  }
  const Dim steps = sequence[layout == 1 ? 1 : 0], batch = sequence[layout == 1 ? 0 : 1];
  const int64_t given = ctx.node().int_attr("hidden_size", -1);
  if (ctx.node().find_attr("hidden_size") && (given < 1 || given > (1 << 24))) return ctx.error(fmt::format("hidden_size is {}", given));
  Dim hidden = given > 0 ? Dim(given) : r.has_rank && r.dims.size() == 3 ? r.dims[2] : Dim();
  const Dim rows = times(hidden, gates);
  NPU_CHECK(require_dims(ctx, 1, {Dim(directions), rows, sequence[2]}, "W"));
  NPU_CHECK(require_dims(ctx, 2, {Dim(directions), rows, hidden}, "R"));
  NPU_CHECK(require_dims(ctx, 3, {Dim(directions), times(rows, 2)}, "B"));
  NPU_CHECK(require_dims(ctx, 4, {batch}, "sequence_lens"));
  const Dims state = layout == 1 ? Dims{batch, Dim(directions), hidden} : Dims{Dim(directions), batch, hidden};
  NPU_CHECK(require_dims(ctx, 5, state, "initial_h"));
  if (with_cell) {
    NPU_CHECK(require_dims(ctx, 6, state, "initial_c"));
    NPU_CHECK(require_dims(ctx, 7, {Dim(directions), times(hidden, 3)}, "P"));
  }
  const Dims y = layout == 1 ? Dims{batch, steps, Dim(directions), hidden} : Dims{steps, Dim(directions), batch, hidden};
  return std::vector{TensorType::of(x.dtype, y), TensorType::of(x.dtype, state), TensorType::of(x.dtype, state)};
}

double RecurrentRun::from_input(const RecurrentDirection& dir, int64_t row, const double* x_row) const {
  double sum = dir.b ? dir.b[row] : 0;
  for (int64_t i = 0; i < input; ++i) sum += dir.w[row * input + i] * x_row[i];
  return sum;
}

double RecurrentRun::from_hidden(const RecurrentDirection& dir, int64_t row, const double* h) const {
  double sum = dir.b ? dir.b[gates * hidden + row] : 0;
  for (int64_t i = 0; i < hidden; ++i) sum += dir.r[row * hidden + i] * h[i];
  return sum;
}

Result<RecurrentRun> read_recurrent(const EvalContext& ctx, int64_t gates, std::span<const std::string_view> defaults, bool with_cell) {
  const Shape &x = ctx.input(0).shape(), &r = ctx.input(2).shape();
  RecurrentRun run{};
  run.gates = gates;
  run.batch_first = ctx.node().int_attr("layout", 0) == 1;
  run.steps = x[run.batch_first ? 1 : 0], run.batch = x[run.batch_first ? 0 : 1], run.input = x[2], run.hidden = r[2], run.directions = r[0];
  run.clip = ctx.node().find_attr("clip") ? ctx.node().float_attr("clip", 0) : std::numeric_limits<double>::infinity();
  run.x = ctx.input(0).to_doubles(), run.w = ctx.input(1).to_doubles(), run.r = ctx.input(2).to_doubles();
  if (ctx.has_input(3)) run.b = ctx.input(3).to_doubles();
  run.lengths = ctx.has_input(4) ? ctx.input(4).to_ints() : std::vector<int64_t>(static_cast<size_t>(run.batch), run.steps);
  for (const int64_t length : run.lengths)
    if (length < 0 || length > run.steps) return ctx.error(fmt::format("a sequence of length {} in {} steps", length, run.steps));
  const auto state = static_cast<size_t>(run.directions * run.batch * run.hidden);
  run.initial_h = ctx.has_input(5) ? ctx.input(5).to_doubles() : std::vector<double>(state, 0.0);
  run.initial_c = with_cell && ctx.has_input(6) ? ctx.input(6).to_doubles() : std::vector<double>(state, 0.0);
  NPU_TRY(const auto activations, read_activations(ctx, defaults, static_cast<size_t>(run.directions)));
  const bool reversed = ctx.node().string_attr("direction", "forward") == "reverse";
  for (int64_t d = 0; d < run.directions; ++d) {
    const auto first = activations.begin() + d * static_cast<int64_t>(defaults.size());
    run.dirs.push_back({reversed || d == 1, run.w.data() + d * gates * run.hidden * run.input, run.r.data() + d * gates * run.hidden * run.hidden,
                        run.b.empty() ? nullptr : run.b.data() + d * 2 * gates * run.hidden,
                        std::vector<Activation>(first, first + static_cast<std::ptrdiff_t>(defaults.size()))});
  }
  return run;
}

TensorsResult run_recurrent(const EvalContext& ctx, const RecurrentRun& run, RecurrentStep step, bool with_cell) {
  const int64_t D = run.directions, H = run.hidden;
  const Shape state = run.batch_first ? Shape{run.batch, D, H} : Shape{D, run.batch, H};
  Tensor y(DType::Float64, run.batch_first ? Shape{run.batch, run.steps, D, H} : Shape{run.steps, D, run.batch, H});
  Tensor last_h = Tensor::from<double>(DType::Float64, state, run.initial_h), last_c = Tensor::from<double>(DType::Float64, state, run.initial_c);
  double *out = y.mutable_data<double>().data(), *hs = last_h.mutable_data<double>().data(), *cs = last_c.mutable_data<double>().data();
  for (int64_t d = 0; d < D; ++d)
    for (int64_t b = 0; b < run.batch; ++b) {
      double *h = hs + (run.batch_first ? b * D + d : d * run.batch + b) * H, *c = cs + (h - hs);
      const int64_t length = run.lengths[static_cast<size_t>(b)];
      for (int64_t t = 0; t < length; ++t) {
        const int64_t at = run.dirs[static_cast<size_t>(d)].reversed ? length - 1 - t : t;
        const double* x_row = run.x.data() + (run.batch_first ? b * run.steps + at : at * run.batch + b) * run.input;
        step(run, ctx, static_cast<size_t>(d), x_row, h, c);
        std::copy_n(h, H, out + (run.batch_first ? (b * run.steps + at) * D + d : (at * D + d) * run.batch + b) * H);
      }
    }
  std::vector<Tensor> outputs{std::move(y), std::move(last_h)};
  if (with_cell) outputs.push_back(std::move(last_c));
  outputs.resize(std::min(outputs.size(), ctx.output_count()));
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = outputs[i].cast(ctx.output_dtype(i));
  return outputs;
}

}  // namespace npu::detail
