// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "core/ops/detail/attention.h"
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"is_causal", AttrKind::Int, "0"}, {"kv_num_heads", AttrKind::Int, ""}, {"q_num_heads", AttrKind::Int, ""}, {"qk_matmul_output_mode", AttrKind::Int, "0"},
    {"scale", AttrKind::Float, ""}, {"softcap", AttrKind::Float, "0.0"}, {"softmax_precision", AttrKind::Int, ""},  // double here
};

enum Input : size_t { kQ, kK, kV, kMask, kPastKey, kPastValue, kValidLength };
// What the fourth output shows.
enum Shown : int64_t { kScores, kAfterMask, kAfterSoftcap, kProbabilities };

// The softcap comes before the mask; opset 23 had it behind and numbered the stages in that order.
Result<Shown> shown_of(const EvalContext& ctx) {
  const int64_t mode = ctx.node().int_attr("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) return ctx.error(fmt::format("qk_matmul_output_mode is {}", mode));
  return mode == 1 ? kAfterSoftcap : mode == 2 ? kAfterMask : static_cast<Shown>(mode);
}

Dim divided(const Dim& dim, int64_t by) { return dim.known() && by > 0 ? Dim(dim.value() / by) : Dim(); }

TypesResult infer(const InferContext& ctx) {
  const TensorType &q = ctx.input(kQ), &k = ctx.input(kK), &v = ctx.input(kV);
  for (size_t i : {0, 1, 2}) NPU_CHECK(require_float(ctx, i));
  if (ctx.has_input(kMask) && ctx.input(kMask).dtype != DType::Bool) NPU_CHECK(require_float(ctx, kMask));
  if (ctx.has_input(kPastKey) != ctx.has_input(kPastValue)) return ctx.error("past_key and past_value go together");
  if (ctx.has_input(kValidLength) && ctx.input(kValidLength).dtype != DType::Int64) return ctx.error("nonpad_kv_seqlen needs int64");
  if (!q.has_rank || !k.has_rank || !v.has_rank) return std::vector{unranked(q.dtype), unranked(k.dtype), unranked(v.dtype), unranked(q.dtype)};
  const size_t rank = q.dims.size();
  if ((rank != 3 && rank != 4) || k.dims.size() != rank || v.dims.size() != rank)
    return ctx.error(fmt::format("Q of shape {}, K of {} and V of {}, need rank 3 or 4", to_string(q.dims), to_string(k.dims), to_string(v.dims)));
  const int64_t q_given = ctx.node().int_attr("q_num_heads", 0), kv_given = ctx.node().int_attr("kv_num_heads", 0);
  if (rank == 3 && (q_given < 1 || kv_given < 1)) return ctx.error(fmt::format("q_num_heads is {}, kv_num_heads {}", q_given, kv_given));
  const bool inside = rank == 3;
  if (inside)
    for (const auto& [dim, heads] : {std::pair{q.dims[2], q_given}, std::pair{k.dims[2], kv_given}, std::pair{v.dims[2], kv_given}})
      if (dim.known() && dim.value() % heads != 0) return ctx.error(fmt::format("a hidden size of {} in {} heads", dim.value(), heads));
  const Dim q_heads = inside ? Dim(q_given) : q.dims[1];
  NPU_TRY(const Dim kv_heads, inside ? Result<Dim>(Dim(kv_given)) : unify(ctx, k.dims[1], v.dims[1], "heads of K and V"));
  if (q_heads.known() && kv_heads.known() && (kv_heads.value() == 0 || q_heads.value() % kv_heads.value() != 0))
    return ctx.error(fmt::format("{} heads of queries, {} of keys", q_heads.value(), kv_heads.value()));
  NPU_TRY(const Dim batch, unify(ctx, q.dims[0], k.dims[0], "batch"));
  NPU_CHECK(unify(ctx, batch, v.dims[0], "batch"));
  NPU_CHECK(unify(ctx, inside ? divided(q.dims[2], q_given) : q.dims[3], inside ? divided(k.dims[2], kv_given) : k.dims[3], "head sizes of Q and K"));
  const Dim q_steps = q.dims[rank - 2], size = inside ? divided(k.dims[2], kv_given) : k.dims[3], v_size = inside ? divided(v.dims[2], kv_given) : v.dims[3];
  NPU_TRY(const Dim kv_steps, unify(ctx, k.dims[rank - 2], v.dims[rank - 2], "steps of K and V"));
  Dim total = kv_steps;
  if (ctx.has_input(kPastKey)) {
    for (size_t i : {kPastKey, kPastValue}) {
      if (!ctx.input(i).has_rank) continue;
      if (ctx.input(i).dims.size() != 4) return ctx.error(fmt::format("input {} is of shape {}, needs rank 4", i, to_string(ctx.input(i).dims)));
      NPU_CHECK(unify(ctx, ctx.input(i).dims[0], batch, "batch"));
      NPU_CHECK(unify(ctx, ctx.input(i).dims[1], kv_heads, "heads of the past"));
      NPU_CHECK(unify(ctx, ctx.input(i).dims[3], i == kPastKey ? size : v_size, "head size of the past"));
    }
    const TensorType &past = ctx.input(kPastKey), &past_value = ctx.input(kPastValue);
    if (past.has_rank && past_value.has_rank) NPU_CHECK(unify(ctx, past.dims[2], past_value.dims[2], "steps of the past"));
    const bool known = past.has_rank && past.dims[2].known() && kv_steps.known();
    total = known ? Dim(past.dims[2].value() + kv_steps.value()) : Dim();
  }
  if (ctx.has_input(kValidLength)) NPU_CHECK(require_vector(ctx, kValidLength, batch, "nonpad_kv_seqlen"));
  if (ctx.has_input(kMask) && ctx.input(kMask).has_rank) {
    Dims whole{batch, q_heads, q_steps, total}, mask = ctx.input(kMask).dims;
    if (!mask.empty() && mask.back().known() && total.known() && mask.back().value() < total.value()) mask.back() = total;  // filled up
    if (!broadcast_into(whole, mask) || whole.size() != 4)
      return ctx.error(fmt::format("attn_mask of shape {} does not fit {} x {} steps", to_string(ctx.input(kMask).dims), to_string(Dims{q_steps}), to_string(Dims{total})));
  }
  const Dims y = inside ? Dims{batch, q_steps, v_size.known() ? Dim(v_size.value() * q_given) : Dim()} : Dims{batch, q_heads, q_steps, v_size};
  return std::vector{TensorType::of(q.dtype, y), TensorType::of(k.dtype, Dims{batch, kv_heads, total, size}),
                     TensorType::of(v.dtype, Dims{batch, kv_heads, total, v_size}), TensorType::of(q.dtype, Dims{batch, q_heads, q_steps, total})};
}

AttentionSizes sizes_of(const EvalContext& ctx) {
  const npu::Shape &q = ctx.input(kQ).shape(), &k = ctx.input(kK).shape(), &v = ctx.input(kV).shape();
  const int64_t past = ctx.has_input(kPastKey) ? ctx.input(kPastKey).shape()[2] : 0;
  if (q.size() == 4) return {q[0], q[1], k[1], q[2], k[2], past, q[3], v[3], false};
  const int64_t q_heads = ctx.node().int_attr("q_num_heads", 1), heads = ctx.node().int_attr("kv_num_heads", 1);
  return {q[0], q_heads, heads, q[1], k[1], past, q[2] / q_heads, v[2] / heads, true};
}

// The past and the new rows one after another, as [batch, heads, steps, size].
Tensor present_of(const AttentionSizes& sizes, const Tensor& past, const Tensor& added, int64_t row) {
  Tensor present(DType::Float64, {sizes.batch, sizes.kv_heads, sizes.total_steps(), row});
  const auto old = past.empty() ? std::vector<double>() : past.to_doubles(), fresh = added.to_doubles();
  double* to = present.mutable_data<double>().data();
  for (int64_t b = 0; b < sizes.batch; ++b)
    for (int64_t h = 0; h < sizes.kv_heads; ++h) {
      to = std::copy_n(old.data() + (b * sizes.kv_heads + h) * sizes.past_steps * row, sizes.past_steps * row, to);
      for (int64_t s = 0; s < sizes.kv_steps; ++s) to = std::copy_n(fresh.data() + sizes.offset(b, h, s, sizes.kv_heads, sizes.kv_steps, row), row, to);
    }
  return present;
}

// What is added to the scores: the mask, causality and the valid length of each batch entry, 0 or minus infinity for bools.
class Bias {
 public:
  static constexpr double kNever = -std::numeric_limits<double>::infinity();

  Bias(const EvalContext& ctx, const AttentionSizes& sizes) : sizes_(sizes), causal_(ctx.node().int_attr("is_causal", 0) != 0) {
    if (ctx.has_input(kMask)) {
      const Tensor& mask = ctx.input(kMask);
      values_ = mask.to_doubles();
      if (mask.dtype() == DType::Bool)
        for (double& value : values_) value = value != 0 ? 0 : kNever;
      reach_ = mask.shape().empty() || mask.shape().back() == 1 ? sizes.total_steps() : mask.shape().back();
      npu::Shape whole{sizes.batch, sizes.q_heads, sizes.q_steps, std::max(reach_, mask.shape().empty() ? 1 : mask.shape().back())};
      strides_ = broadcast_strides(mask.shape(), whole);
    }
    if (ctx.has_input(kValidLength)) valid_ = ctx.input(kValidLength).to_ints();
    has_past_ = ctx.has_input(kPastKey);
  }

  double at(int64_t b, int64_t h, int64_t i, int64_t j) const {
    if (!valid_.empty() && j >= valid_[static_cast<size_t>(b)]) return kNever;
    const int64_t before = has_past_ ? sizes_.past_steps : valid_.empty() ? 0 : valid_[static_cast<size_t>(b)] - sizes_.q_steps;
    if (causal_ && j > i + before) return kNever;
    if (values_.empty()) return 0;
    if (j >= reach_) return kNever;
    return values_[static_cast<size_t>(b * strides_[0] + h * strides_[1] + i * strides_[2] + j * strides_[3])];
  }

 private:
  AttentionSizes sizes_;
  bool causal_, has_past_ = false;
  std::vector<double> values_;
  npu::Shape strides_;
  int64_t reach_ = 0;  // keys that the mask speaks of
  std::vector<int64_t> valid_;
};

TensorsResult reference(const EvalContext& ctx) {
  const AttentionSizes n = sizes_of(ctx);
  NPU_TRY(const Shown shown, shown_of(ctx));
  const double scale = ctx.node().float_attr("scale", static_cast<float>(1 / std::sqrt(static_cast<double>(n.size))));
  const double softcap = ctx.node().float_attr("softcap", 0.0f);
  const Tensor past_key = ctx.has_input(kPastKey) ? ctx.input(kPastKey) : Tensor(), past_value = ctx.has_input(kPastKey) ? ctx.input(kPastValue) : Tensor();
  const Tensor key = present_of(n, past_key, ctx.input(kK), n.size), value = present_of(n, past_value, ctx.input(kV), n.v_size);
  const auto q = ctx.input(kQ).to_doubles();
  const Bias bias(ctx, n);
  Tensor y(DType::Float64, ctx.output_shape(0)), scores(DType::Float64, {n.batch, n.q_heads, n.q_steps, n.total_steps()});
  double *out = y.mutable_data<double>().data(), *shown_row = scores.mutable_data<double>().data();
  std::vector<double> row(static_cast<size_t>(n.total_steps()));
  const auto show = [&](Shown stage) {
    if (shown == stage) std::ranges::copy(row, shown_row);
  };
  for (int64_t b = 0; b < n.batch; ++b)
    for (int64_t h = 0; h < n.q_heads; ++h) {
      const int64_t plane = (b * n.kv_heads + h / n.group()) * n.total_steps();
      const double *keys = key.data<double>().data() + plane * n.size, *values = value.data<double>().data() + plane * n.v_size;
      for (int64_t i = 0; i < n.q_steps; ++i, shown_row += n.total_steps()) {
        const double* query = q.data() + n.offset(b, h, i, n.q_heads, n.q_steps, n.size);
        for (int64_t j = 0; j < n.total_steps(); ++j) {
          double sum = 0;
          for (int64_t d = 0; d < n.size; ++d) sum += query[d] * keys[j * n.size + d];
          row[static_cast<size_t>(j)] = sum * scale;
        }
        show(kScores);
        if (softcap > 0)
          for (double& score : row) score = softcap * fixed::tanh(score / softcap);
        show(kAfterSoftcap);
        for (int64_t j = 0; j < n.total_steps(); ++j) row[static_cast<size_t>(j)] += bias.at(b, h, i, j);
        show(kAfterMask);
        softmax_row(row.data(), n.total_steps());
        show(kProbabilities);
        double* target = out + n.offset(b, h, i, n.q_heads, n.q_steps, n.v_size);
        for (int64_t j = 0; j < n.total_steps(); ++j) add_scaled(target, row[static_cast<size_t>(j)], values + j * n.v_size, n.v_size);
      }
    }
  std::vector<Tensor> outputs{y.cast(ctx.output_dtype(0))};
  const Tensor more[] = {key, value, scores};
  for (size_t i = 1; i < ctx.output_count(); ++i) outputs.push_back(more[i - 1].cast(ctx.output_dtype(i)));
  return outputs;
}

}  // namespace

extern constinit const OpDef Attention{
    .name = "Attention",
    .since = 23,
    .min_inputs = 3,
    .max_inputs = 7,
    .min_outputs = 1,
    .max_outputs = 4,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "softmax(softcap(Q K^T * scale) + mask) V for every head, after the keys and values of the past; heads of K and V may serve several of Q",
};

}  // namespace npu::op
