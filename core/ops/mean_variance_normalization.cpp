// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/position.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axes", AttrKind::Ints, "0,2,3"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.input(0).has_rank) NPU_CHECK(normalize_axes(ctx, ctx.node().ints_attr("axes", {0, 2, 3}), ctx.input(0).dims.size()));
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  NPU_TRY(const auto axes, normalize_axes(ctx, ctx.node().ints_attr("axes", {0, 2, 3}), shape.size()));
  npu::Shape kept = shape;
  for (const size_t axis : axes) kept[axis] = 1;
  const npu::Shape strides = broadcast_strides(kept, shape);
  const auto x = ctx.input(0).to_doubles();
  const auto groups = static_cast<size_t>(element_count(kept));
  const double size = groups == 0 ? 0 : static_cast<double>(x.size() / groups);
  std::vector<double> means(groups), variances(groups);
  const auto for_each = [&](auto&& body) {
    Position position(shape);
    for (size_t i = 0; i < x.size(); ++i, position.next()) body(i, static_cast<size_t>(position.offset(strides)));
  };
  for_each([&](size_t i, size_t group) { means[group] += x[i]; });
  for (double& mean : means) mean /= size;
  for_each([&](size_t i, size_t group) { variances[group] += (x[i] - means[group]) * (x[i] - means[group]); });
  Tensor y(DType::Float64, shape);
  const auto to = y.mutable_data<double>();
  for_each([&](size_t i, size_t group) { to[i] = (x[i] - means[group]) / (std::sqrt(variances[group] / size) + 1e-9); });
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef MeanVarianceNormalization{
    .name = "MeanVarianceNormalization",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(x - mean) / sqrt(variance) over axes",
};

}  // namespace npu::op
