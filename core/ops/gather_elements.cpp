// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/position.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType &data = ctx.input(0), &indices = ctx.input(1);
  NPU_CHECK(require_index_type(ctx, 1));
  if (data.has_rank) NPU_CHECK(normalize_axis(ctx, ctx.node().int_attr("axis", 0), data.dims.size()));
  if (data.has_rank && indices.has_rank && data.dims.size() != indices.dims.size())
    return ctx.error(fmt::format("data is of shape {}, the indices are of shape {}: the ranks differ", to_string(data.dims), to_string(indices.dims)));
  if (!indices.has_rank) return std::vector{unranked(data.dtype)};
  return std::vector{TensorType::of(data.dtype, indices.dims)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &data = ctx.input(0), &indices = ctx.input(1);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), data.shape().size()));
  for (size_t i = 0; i < data.shape().size(); ++i)
    if (i != axis && indices.shape()[i] > data.shape()[i])
      return ctx.error(fmt::format("the indices of shape {} reach beyond data of shape {}", to_string(indices.shape()), to_string(data.shape())));
  Tensor y(data.dtype(), indices.shape());
  const auto at = indices.to_ints();
  const npu::Shape strides = row_major_strides(data.shape());
  Position position(indices.shape());
  return visit_size(y.dtype(), [&]<class Element>() -> TensorsResult {
    const auto from = data.data<Element>();
    const auto to = y.mutable_data<Element>();
    for (size_t i = 0; i < to.size(); ++i, position.next()) {
      NPU_TRY(const int64_t index, checked_index(ctx, at[i], data.shape()[axis], i));
      to[i] = from[static_cast<size_t>(position.offset(strides) + (index - position[axis]) * strides[axis])];
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef GatherElements{
    .name = "GatherElements",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "data[i][indices[i][j][k]][k]: along axis each element names its own index",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
