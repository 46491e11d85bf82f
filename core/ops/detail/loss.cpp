// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/loss.h"

namespace npu::detail {

Result<TensorType> infer_loss(const InferContext& ctx) {
  const TensorType &x = ctx.input(0), &labels = ctx.input(1);
  NPU_CHECK(require_float(ctx, 0));
  NPU_CHECK(require_index_type(ctx, 1));
  const std::string reduction = ctx.node().string_attr("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") return ctx.error(fmt::format("reduction '{}' is not known", reduction));
  if (ctx.has_input(2)) NPU_CHECK(require_same_dtype(ctx, 2));
  if (x.has_rank) {
    NPU_CHECK(rank_of(ctx, 0, 2));
    if (ctx.has_input(2)) NPU_CHECK(require_vector(ctx, 2, x.dims[1], "weight"));
    if (labels.has_rank && labels.dims.size() + 1 != x.dims.size())
      return ctx.error(fmt::format("labels of shape {} do not fit X of shape {}", to_string(labels.dims), to_string(x.dims)));
    for (size_t i = 0; labels.has_rank && i < labels.dims.size(); ++i) NPU_CHECK(unify(ctx, labels.dims[i], x.dims[i == 0 ? 0 : i + 1], "labels"));
  }
  if (reduction != "none") return TensorType::of(x.dtype, Shape{});
  return labels.has_rank ? TensorType::of(x.dtype, labels.dims) : unranked(x.dtype);
}

namespace {

template <class T>
Result<Tensor> likelihood(const EvalContext& ctx, const Tensor& log_prob) {
  const Shape& shape = log_prob.shape();
  const int64_t classes = shape[1], inner = row_major_strides(shape)[1];
  const auto labels = ctx.input(1).to_ints();
  const auto* weights = ctx.has_input(2) ? ctx.input(2).data<T>().data() : nullptr;
  const bool ignores = ctx.node().find_attr("ignore_index") != nullptr;
  const int64_t ignored = ctx.node().int_attr("ignore_index", 0);
  const auto from = log_prob.data<T>();
  Tensor each(log_prob.dtype(), ctx.input(1).shape());
  const auto to = each.mutable_data<T>();
  double sum = 0, weight_sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (ignores && labels[i] == ignored) continue;
    NPU_TRY(const int64_t label, checked_index(ctx, labels[i], classes, i));
    const auto at = static_cast<int64_t>(i);
    const double weight = weights ? static_cast<double>(weights[label]) : 1;
    const double loss = -weight * static_cast<double>(from[static_cast<size_t>((at / inner * classes + label) * inner + at % inner)]);
    to[i] = static_cast<T>(loss);
    sum += loss;
    weight_sum += weight;
  }
  const std::string reduction = ctx.node().string_attr("reduction", "mean");
  if (reduction == "none") return each;
  Tensor total(log_prob.dtype(), {});
  total.mutable_data<T>()[0] = static_cast<T>(reduction == "sum" ? sum : sum / weight_sum);
  return total;
}

}  // namespace

Result<Tensor> negative_log_likelihood(const EvalContext& ctx, const Tensor& log_prob) {
  return log_prob.dtype() == DType::Float64 ? likelihood<double>(ctx, log_prob) : likelihood<float>(ctx, log_prob);
}

}  // namespace npu::detail
