// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"chunk_size", AttrKind::Int, "64"},  // for speed only
    {"kv_num_heads", AttrKind::Int, "required"}, {"q_num_heads", AttrKind::Int, "required"},
    {"scale", AttrKind::Float, "0.0"}, {"update_rule", AttrKind::String, "gated_delta"},
};

enum Input : size_t { kQuery, kKey, kValue, kPast, kDecay, kBeta, kEraseGate };

struct Rule {
  bool gated, corrects;
};

template <class Context>
Result<Rule> rule_of(const Context& ctx) {
  const std::string name = ctx.node().string_attr("update_rule", "gated_delta");
  if (name != "linear" && name != "gated" && name != "delta" && name != "gated_delta") return ctx.error(fmt::format("update_rule '{}' is not known", name));
  const Rule rule{name.starts_with("gated"), name.ends_with("delta")};
  if (ctx.has_input(kDecay) != rule.gated) return ctx.error(fmt::format("update_rule '{}' and decay do not go together", name));
  if (ctx.has_input(kBeta) != rule.corrects || (ctx.has_input(kEraseGate) && !rule.corrects))
    return ctx.error(fmt::format("update_rule '{}' does not go with the beta or erase_gate given", name));
  return rule;
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  NPU_CHECK(rule_of(ctx));
  const int64_t q_heads = ctx.node().int_attr("q_num_heads", 0), heads = ctx.node().int_attr("kv_num_heads", 0);
  if (heads < 1 || q_heads < 1 || q_heads % heads != 0) return ctx.error(fmt::format("{} heads of queries, {} of keys", q_heads, heads));
  const TensorType &q = ctx.input(kQuery), &k = ctx.input(kKey), &v = ctx.input(kValue);
  const DType state = ctx.has_input(kPast) ? ctx.input(kPast).dtype : q.dtype;
  if (!q.has_rank || !k.has_rank || !v.has_rank) return std::vector{unranked(q.dtype), unranked(state)};
  for (const TensorType* type : {&q, &k, &v})
    if (type->dims.size() != 3) return ctx.error(fmt::format("an input of shape {}, needs batch x steps x hidden", to_string(type->dims)));
  for (size_t i : {0, 1})
    for (const TensorType* type : {&k, &v}) NPU_CHECK(unify(ctx, type->dims[i], q.dims[i], "batch or steps"));
  const auto size_of = [&](const Dim& hidden, int64_t count) -> Result<Dim> {
    if (hidden.known() && hidden.value() % count != 0) return ctx.error(fmt::format("a hidden size of {} in {} heads", hidden.value(), count));
    return hidden.known() ? Dim(hidden.value() / count) : Dim();
  };
  NPU_TRY(const Dim q_size, size_of(q.dims[2], q_heads));
  NPU_TRY(const Dim k_size, size_of(k.dims[2], heads));
  NPU_TRY(const Dim size, unify(ctx, q_size, k_size, "head sizes of query and key"));
  NPU_TRY(const Dim v_size, size_of(v.dims[2], heads));
  const Dims past{q.dims[0], Dim(heads), size, v_size};
  if (ctx.has_input(kPast) && ctx.input(kPast).has_rank) {
    if (ctx.input(kPast).dims.size() != 4) return ctx.error(fmt::format("past_state is of shape {}, needs rank 4", to_string(ctx.input(kPast).dims)));
    for (size_t i = 0; i < 4; ++i) NPU_CHECK(unify(ctx, ctx.input(kPast).dims[i], past[i], "past_state"));
  }
  return std::vector{TensorType::of(q.dtype, Dims{q.dims[0], q.dims[1], v_size.known() ? Dim(v_size.value() * q_heads) : Dim()}), TensorType::of(state, past)};
}

// An input of [batch, steps, heads * width]: which of its last axes fits.
Result<std::vector<double>> per_step(const EvalContext& ctx, Input input, std::initializer_list<int64_t> widths) {
  if (!ctx.has_input(input)) return std::vector<double>{};
  const npu::Shape& shape = ctx.input(input).shape();
  const npu::Shape& q = ctx.input(kQuery).shape();
  if (shape.size() != 3 || shape[0] != q[0] || shape[1] != q[1] || std::ranges::find(widths, shape[2]) == widths.end())
    return ctx.error(fmt::format("input {} is of shape {}, which does not fit the query of {}", static_cast<size_t>(input), to_string(shape), to_string(q)));
  return ctx.input(input).to_doubles();
}

TensorsResult reference(const EvalContext& ctx) {
  const auto q_heads = static_cast<size_t>(ctx.node().int_attr("q_num_heads", 1)), heads = static_cast<size_t>(ctx.node().int_attr("kv_num_heads", 1));
  const npu::Shape state_shape = ctx.output_shape(1);
  const auto batch = static_cast<size_t>(state_shape[0]), dk = static_cast<size_t>(state_shape[2]), dv = static_cast<size_t>(state_shape[3]);
  const auto steps = static_cast<size_t>(ctx.input(kQuery).shape()[1]), group = q_heads / heads;
  const auto keys = static_cast<int64_t>(heads * dk);
  const auto q = ctx.input(kQuery).to_doubles(), k = ctx.input(kKey).to_doubles(), v = ctx.input(kValue).to_doubles();
  NPU_TRY(const auto decay, per_step(ctx, kDecay, {static_cast<int64_t>(heads), keys}));
  NPU_TRY(const auto beta, per_step(ctx, kBeta, {static_cast<int64_t>(heads), 1}));
  NPU_TRY(const auto erase, per_step(ctx, kEraseGate, {keys}));
  const size_t decay_width = decay.empty() ? 0 : static_cast<size_t>(ctx.input(kDecay).shape()[2]), beta_width = beta.empty() ? 0 : static_cast<size_t>(ctx.input(kBeta).shape()[2]);
  const double given = ctx.node().float_attr("scale", 0.0f), scale = given != 0 ? given : 1 / std::sqrt(static_cast<double>(dk));
  auto state = ctx.has_input(kPast) ? ctx.input(kPast).to_doubles() : std::vector<double>(batch * heads * dk * dv, 0.0);
  Tensor output(DType::Float64, ctx.output_shape(0));
  double* out = output.mutable_data<double>().data();
  std::vector<double> row(dv);
  for (size_t b = 0; b < batch; ++b)
    for (size_t t = 0; t < steps; ++t)
      for (size_t h = 0; h < heads; ++h) {
        const size_t at = b * steps + t;
        double* s = state.data() + (b * heads + h) * dk * dv;
        const double *key = k.data() + (at * heads + h) * dk, *value = v.data() + (at * heads + h) * dv;
        for (size_t d = 0; !decay.empty() && d < dk; ++d) {
          const double factor = fixed::exp(decay[at * decay_width + (decay_width == heads ? h : h * dk + d)]);
          for (size_t m = 0; m < dv; ++m) s[d * dv + m] *= factor;
        }
        std::copy_n(value, dv, row.begin());
        if (!beta.empty()) {
          const double rate = beta[at * beta_width + (beta_width == 1 ? 0 : h)];
          for (size_t m = 0; m < dv; ++m) {
            double known = 0;
            for (size_t d = 0; d < dk; ++d) known += s[d * dv + m] * key[d] * (erase.empty() ? 1.0 : erase[(at * heads + h) * dk + d]);
            row[m] = rate * (value[m] - known);
          }
        }
        for (size_t d = 0; d < dk; ++d)
          for (size_t m = 0; m < dv; ++m) s[d * dv + m] += key[d] * row[m];
        for (size_t g = h * group; g < (h + 1) * group; ++g)
          for (size_t m = 0; m < dv; ++m) {
            double sum = 0;
            for (size_t d = 0; d < dk; ++d) sum += q[(at * q_heads + g) * dk + d] * s[d * dv + m];
            out[(at * q_heads + g) * dv + m] = scale * sum;
          }
      }
  const Tensor present = Tensor::from<double>(DType::Float64, state_shape, state);
  return std::vector{output.cast(ctx.output_dtype(0)), present.cast(ctx.output_dtype(1))};
}

}  // namespace

extern constinit const OpDef LinearAttention{
    .name = "LinearAttention",
    .since = 27,
    .min_inputs = 3,
    .max_inputs = 7,
    .min_outputs = 2,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Attention as a recurrence: a state of outer products of keys and values, decayed and corrected by the update rule, read by the queries",
};

}  // namespace npu::op
