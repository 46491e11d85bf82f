// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "-1"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& indices = ctx.input(0);
  for (size_t i : {0, 1}) NPU_CHECK(require_type(ctx, i, TypeClass::Number));
  const DType dtype = ctx.input(2).dtype;
  if (!indices.has_rank) return std::vector{unranked(dtype)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), indices.dims.size() + 1));
  Dim depth;
  if (const auto* value = ctx.constant(1)) {
    const auto values = value->to_ints();
    if (values.size() != 1 || values[0] < 0 || values[0] > INT32_MAX)
      return ctx.error(fmt::format("depth is {} ({} values)", values.empty() ? 0 : values[0], values.size()));
    depth = Dim(values[0]);
  }
  Dims dims = indices.dims;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  return std::vector{TensorType::of(dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &indices = ctx.input(0), &values = ctx.input(2);
  if (values.elements() != 2) return ctx.error(fmt::format("values is of shape {}, needs two elements", to_string(values.shape())));
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), indices.shape().size() + 1));
  Tensor y(values.dtype(), ctx.output_shape(0));
  const int64_t depth = y.shape()[axis];
  int64_t inner = 1;
  for (size_t i = axis; i < indices.shape().size(); ++i) inner *= indices.shape()[i];
  const auto at = indices.to_ints();
  visit_size(y.dtype(), [&]<class Element>() {
    const auto [off, on] = std::pair{values.data<Element>()[0], values.data<Element>()[1]};
    const auto to = y.mutable_data<Element>();
    std::ranges::fill(to, off);
    for (size_t i = 0; i < at.size(); ++i) {
      if (at[i] < -depth || at[i] >= depth) continue;
      const int64_t index = at[i] < 0 ? at[i] + depth : at[i], outer = static_cast<int64_t>(i) / inner;
      to[static_cast<size_t>((outer * depth + index) * inner + static_cast<int64_t>(i) % inner)] = on;
    }
  });
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef OneHot{
    .name = "OneHot",
    .since = 9,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "values[1] at each index along a new axis of length depth, values[0] elsewhere; indices out of range give none",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
