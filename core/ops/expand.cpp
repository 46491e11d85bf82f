// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (ctx.input(1).dtype != DType::Int64)
    return ctx.error(fmt::format("shape is {}, needs int64", to_string(ctx.input(1).dtype)));
  if (!input.has_rank) return std::vector{unranked(input.dtype)};
  const auto shape = ints_input(ctx, 1);
  if (!shape) {
    const auto rank = vector_length(ctx, 1);
    return std::vector{rank && *rank <= kMaxRank ? unknown_of_rank(input.dtype, std::max(*rank, input.dims.size()))
                                                 : unranked(input.dtype)};
  }
  NPU_CHECK(checked_element_count(*shape, ctx.where()));
  Dims dims = to_dims(*shape);
  if (!broadcast_into(dims, input.dims))
    return ctx.error(fmt::format("cannot broadcast {} to {}", to_string(input.dims), to_string(npu::Shape(*shape))));
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  Tensor output(input.dtype(), ctx.output_shape(0));
  strided_copy(output.shape(), dtype_size(input.dtype()), {output.mutable_bytes().data(), row_major_strides(output.shape())},
               {input.bytes().data(), broadcast_strides(input.shape(), output.shape())});
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Expand{
    .name = "Expand",
    .since = 8,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The input broadcast together with the given shape",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
