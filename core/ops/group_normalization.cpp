// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"epsilon", AttrKind::Float, "1e-05"}, {"num_groups", AttrKind::Int, "required"}, {"stash_type", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2}) NPU_CHECK(require_same_dtype(ctx, i));
  const int64_t groups = ctx.node().int_attr("num_groups", 0);
  if (groups < 1) return ctx.error(fmt::format("num_groups is {}", groups));
  if (!x.has_rank) return std::vector{x};
  NPU_CHECK(rank_of(ctx, 0, 2));
  if (x.dims[1].known() && x.dims[1].value() % groups != 0) return ctx.error(fmt::format("{} channels in {} groups", x.dims[1].value(), groups));
  // Scale and bias are one value a group before opset 21.
  for (size_t i : {1, 2}) NPU_CHECK(require_vector(ctx, i, ctx.opset() < 21 ? Dim(groups) : x.dims[1], i == 1 ? "scale" : "bias"));
  return std::vector{x};
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  const double epsilon = ctx.node().float_attr("epsilon", 1e-5f);
  const auto groups = static_cast<size_t>(ctx.node().int_attr("num_groups", 1));
  const auto x = ctx.input(0).to_doubles(), scale = ctx.input(1).to_doubles(), bias = ctx.input(2).to_doubles();
  Tensor y(DType::Float64, shape);
  const auto to = y.mutable_data<double>();
  const auto channels = static_cast<size_t>(shape[1]), plane = static_cast<size_t>(row_major_strides(shape)[1]);
  const size_t size = channels / groups * plane;
  for (size_t start = 0; start < x.size(); start += size) {
    double mean = 0, variance = 0;
    for (size_t i = start; i < start + size; ++i) mean += x[i];
    mean /= static_cast<double>(size);
    for (size_t i = start; i < start + size; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const double root = std::sqrt(variance / static_cast<double>(size) + epsilon);
    for (size_t i = start; i < start + size; ++i) {
      const size_t channel = i / plane % channels, at = scale.size() == channels ? channel : channel / (channels / groups);
      to[i] = (x[i] - mean) / root * scale[at] + bias[at];
    }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef GroupNormalization{
    .name = "GroupNormalization",
    .since = 18,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(x - mean) / sqrt(variance + epsilon) over each group of channels, * scale + bias",
};

}  // namespace npu::op
