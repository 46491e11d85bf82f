// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/attention.h"
#include "core/ops/detail/bodies.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// The sub-graphs get the scores [batch, heads, queries, keys] before and the probabilities after the softmax, in Float32 or Float64.
constexpr AttrDef kAttrs[] = {{"prob_mod", AttrKind::Graph, ""}, {"scale", AttrKind::Float, ""}, {"score_mod", AttrKind::Graph, ""}, {"softmax_precision", AttrKind::Int, ""}};

TypesResult infer(const InferContext& ctx) {
  const TensorType &q = ctx.input(0), &k = ctx.input(1), &v = ctx.input(2);
  for (size_t i : {0, 1, 2}) {
    NPU_CHECK(require_float(ctx, i));
    NPU_CHECK(require_same_dtype(ctx, i));
    if (!ctx.input(i).has_rank) return std::vector{unranked(q.dtype)};
    if (ctx.input(i).dims.size() != 4) return ctx.error(fmt::format("input {} is of shape {}, needs rank 4", i, to_string(ctx.input(i).dims)));
  }
  NPU_CHECK(unify(ctx, q.dims[3], k.dims[3], "head sizes of Q and K"));
  NPU_CHECK(unify(ctx, k.dims[2], v.dims[2], "steps of K and V"));
  NPU_CHECK(unify(ctx, k.dims[1], v.dims[1], "heads of K and V"));
  for (const TensorType* type : {&k, &v}) NPU_CHECK(unify(ctx, q.dims[0], type->dims[0], "batch"));
  if (q.dims[1].known() && k.dims[1].known() && (k.dims[1].value() == 0 || q.dims[1].value() % k.dims[1].value() != 0))
    return ctx.error(fmt::format("{} heads of queries, {} of keys", q.dims[1].value(), k.dims[1].value()));
  return std::vector{TensorType::of(q.dtype, Dims{q.dims[0], q.dims[1], q.dims[2], v.dims[3]})};
}

// The tensor after the sub-graph of the attribute, if there is one.
Result<Tensor> modified(const DatumContext& ctx, std::string_view attr, Tensor tensor) {
  const Graph* body = ctx.node().graph_attr(attr);
  if (!body) return tensor;
  std::vector<Datum> inputs{tensor};
  for (size_t i = ctx.input_count() - body->captures; i < ctx.input_count(); ++i) inputs.push_back(ctx.input(i));
  NPU_TRY(const auto results, run_body(ctx, *body, inputs));
  if (results.size() != 1 || !results[0].is_tensor() || results[0].dtype() != tensor.dtype() || results[0].tensor().shape() != tensor.shape())
    return ctx.error(fmt::format("{} gives something else than one tensor like its input", attr));
  return results[0].tensor();
}

DatumsResult evaluate(const DatumContext& ctx) {
  const Tensor &q = ctx.input(0).tensor(), &k = ctx.input(1).tensor(), &v = ctx.input(2).tensor();
  const DType working = q.dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
  const AttentionSizes n{q.shape()[0], q.shape()[1], k.shape()[1], q.shape()[2], k.shape()[2], 0, q.shape()[3], v.shape()[3], false};
  const double scale = ctx.node().float_attr("scale", static_cast<float>(1 / std::sqrt(static_cast<double>(n.size))));
  const auto queries = q.to_doubles(), keys = k.to_doubles(), values = v.to_doubles();
  Tensor scores(DType::Float64, {n.batch, n.q_heads, n.q_steps, n.kv_steps});
  double* to = scores.mutable_data<double>().data();
  for (int64_t plane = 0; plane < n.batch * n.q_heads; ++plane)
    for (int64_t i = 0; i < n.q_steps; ++i)
      for (int64_t j = 0; j < n.kv_steps; ++j) {
        const double *query = queries.data() + (plane * n.q_steps + i) * n.size, *key = keys.data() + (plane / n.group() * n.kv_steps + j) * n.size;
        double sum = 0;
        for (int64_t d = 0; d < n.size; ++d) sum += query[d] * key[d];
        *to++ = sum * scale;
      }
  NPU_TRY(Tensor scored, modified(ctx, "score_mod", scores.cast(working)));
  Tensor probabilities = scored.cast(DType::Float64);
  double* rows = probabilities.mutable_data<double>().data();
  for (int64_t row = 0; row < n.batch * n.q_heads * n.q_steps; ++row) softmax_row(rows + row * n.kv_steps, n.kv_steps);
  NPU_TRY(const Tensor weighted, modified(ctx, "prob_mod", probabilities.cast(working)));
  const auto weights = weighted.to_doubles();
  Tensor y(DType::Float64, {n.batch, n.q_heads, n.q_steps, n.v_size});
  double* out = y.mutable_data<double>().data();
  for (int64_t row = 0; row < n.batch * n.q_heads * n.q_steps; ++row)
    for (int64_t j = 0; j < n.kv_steps; ++j)
      add_scaled(out + row * n.v_size, weights[static_cast<size_t>(row * n.kv_steps + j)],
                 values.data() + (row / n.q_steps / n.group() * n.kv_steps + j) * n.v_size, n.v_size);
  return std::vector<Datum>{y.cast(ctx.output_type(0).dtype)};
}

}  // namespace

extern constinit const OpDef FlexAttention{
    .name = "FlexAttention",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "Attention whose scores and probabilities sub-graphs may change",
    .evaluate = evaluate,
    .domain = "ai.onnx.preview",
};

}  // namespace npu::op
