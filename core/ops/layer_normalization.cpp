// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"
#include "core/tensor/dtype.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// stash_type is the type of the statistics: 1 is float32, the only one ONNX gives a use.
constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "-1"}, {"epsilon", AttrKind::Float, "1e-05"}, {"stash_type", AttrKind::Int, "1"}};

template <class Context>
Result<size_t> first_axis(const Context& ctx, size_t rank) {
  return normalize_axis(ctx, ctx.node().int_attr("axis", -1), rank);
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.node().int_attr("stash_type", 1) != 1)
    return ctx.error(fmt::format("stash_type is {}, only 1 (float32) is known", ctx.node().int_attr("stash_type", 1)));
  const TensorType& x = ctx.input(0);
  const DType statistics = x.dtype == DType::Float64 ? DType::Float64 : DType::Float32;
  for (size_t i : {1, 2})
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  if (!x.has_rank) return std::vector{x, unranked(statistics), unranked(statistics)};
  NPU_TRY(const size_t axis, first_axis(ctx, x.dims.size()));
  for (size_t i : {1, 2}) {
    if (!ctx.has_input(i) || !ctx.input(i).has_rank) continue;
    const Dims& dims = ctx.input(i).dims;
    if (dims.size() != x.dims.size() - axis)
      return ctx.error(fmt::format("input {} is of shape {}, needs that of the normalised axes of {}", i, to_string(dims), to_string(x.dims)));
    for (size_t d = 0; d < dims.size(); ++d) NPU_CHECK(unify(ctx, dims[d], x.dims[axis + d], i == 1 ? "Scale" : "B"));
  }
  Dims kept = x.dims;
  std::fill(kept.begin() + static_cast<std::ptrdiff_t>(axis), kept.end(), Dim(1));
  return std::vector{x, TensorType::of(statistics, kept), TensorType::of(statistics, kept)};
}

template <class T>
TensorsResult normalize(const EvalContext& ctx, size_t axis) {
  const Tensor& input = ctx.input(0);
  const double epsilon = ctx.node().float_attr("epsilon", 1e-5f);
  npu::Shape kept = input.shape();
  std::fill(kept.begin() + static_cast<std::ptrdiff_t>(axis), kept.end(), 1);
  Tensor y(input.dtype(), input.shape()), means(input.dtype(), kept), factors(input.dtype(), kept);
  const auto x = input.data<T>();
  const auto scale = ctx.input(1).data<T>();
  const auto shift = ctx.has_input(2) ? ctx.input(2).data<T>() : std::span<const T>();
  const auto rows = static_cast<size_t>(means.elements());
  const size_t size = rows == 0 ? 0 : x.size() / rows;
  const auto out = y.mutable_data<T>(), mean_out = means.mutable_data<T>(), factor_out = factors.mutable_data<T>();
  for (size_t row = 0; row < rows && size > 0; ++row) {
    const auto values = x.subspan(row * size, size);
    double mean = 0, variance = 0;
    for (const T value : values) mean += static_cast<double>(value);
    mean /= static_cast<double>(size);
    for (const T value : values) variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    const double factor = 1 / std::sqrt(variance / static_cast<double>(size) + epsilon);
    mean_out[row] = static_cast<T>(mean);
    factor_out[row] = static_cast<T>(factor);
    for (size_t i = 0; i < size; ++i)
      out[row * size + i] = static_cast<T>((static_cast<double>(values[i]) - mean) * factor * static_cast<double>(scale[i]) +
                                           (shift.empty() ? 0 : static_cast<double>(shift[i])));
  }
  return std::vector{y, means, factors};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const size_t axis, first_axis(ctx, ctx.input(0).shape().size()));
  return ctx.output_dtype(0) == DType::Float64 ? normalize<double>(ctx, axis) : normalize<float>(ctx, axis);
}

}  // namespace

extern constinit const OpDef LayerNormalization{
    .name = "LayerNormalization",
    .since = 17,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 3,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(X - mean) / sqrt(variance + epsilon) * Scale + B with the statistics of the dimensions from axis on",
};

}  // namespace npu::op
