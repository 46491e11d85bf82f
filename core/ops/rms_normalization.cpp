// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>

#include "core/ops/detail/broadcast.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// stash_type is the type of the statistics, which are kept in double here.
constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "-1"}, {"epsilon", AttrKind::Float, "1e-05"}, {"stash_type", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  for (size_t i : {0, 1}) NPU_CHECK(require_float(ctx, i));
  TensorType type = ctx.input(0);
  if (type.has_rank) NPU_CHECK(normalize_axis(ctx, ctx.node().int_attr("axis", -1), type.dims.size()));
  if (type.has_rank && ctx.input(1).has_rank) {
    Dims dims = type.dims;
    if (!broadcast_into(dims, ctx.input(1).dims) || dims.size() != type.dims.size())
      return ctx.error(fmt::format("scale of shape {} cannot be broadcast to {}", to_string(ctx.input(1).dims), to_string(type.dims)));
  }
  type.dtype = ctx.input(1).dtype;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), shape.size()));
  const double epsilon = ctx.node().float_attr("epsilon", 1e-5f);
  Tensor normal(DType::Float64, shape), y(DType::Float64, shape);
  const auto x = ctx.input(0).to_doubles(), scale = ctx.input(1).to_doubles();
  const auto values = normal.mutable_data<double>();
  const auto size = static_cast<size_t>(element_count({shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end()}));
  for (size_t start = 0; start < x.size(); start += size) {
    double sum = 0;
    for (size_t i = start; i < start + size; ++i) sum += x[i] * x[i];
    const double root = std::sqrt(sum / static_cast<double>(size) + epsilon);
    for (size_t i = start; i < start + size; ++i) values[i] = x[i] / root;
  }
  broadcast_binary(y.mutable_data<double>(), shape, normal.data<double>(), shape, std::span<const double>(scale), ctx.input(1).shape(), std::multiplies<>());
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef RMSNormalization{
    .name = "RMSNormalization",
    .since = 23,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "x / sqrt(mean of x^2 over the axes from axis on + epsilon) * scale",
};

}  // namespace npu::op
