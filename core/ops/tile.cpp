// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (!input.has_rank) return std::vector{unranked(input.dtype)};
  NPU_TRY(const auto repeats, ints_parameter(ctx, 1, "repeats"));
  if (repeats.unknown()) return std::vector{unknown_of_rank(input.dtype, input.dims.size())};
  if (repeats.values.size() != input.dims.size())
    return ctx.error(fmt::format("repeats has {} values, the input {} axes", repeats.values.size(), input.dims.size()));
  Dims dims;
  for (size_t i = 0; i < input.dims.size(); ++i) {
    if (repeats.values[i] < 0) return ctx.error(fmt::format("repeat {} at axis {}", repeats.values[i], i));
    dims.push_back(multiply(input.dims[i], Dim(repeats.values[i])));
  }
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  Tensor output(input.dtype(), ctx.output_shape(0));
  // Every axis as (repeat, extent), the repeat read with step 0.
  const npu::Shape strides = row_major_strides(input.shape());
  npu::Shape extents, from;
  for (size_t i = 0; i < strides.size(); ++i) {
    const int64_t extent = input.shape()[i];
    extents.insert(extents.end(), {extent ? output.shape()[i] / extent : 0, extent});
    from.insert(from.end(), {0, strides[i]});
  }
  strided_copy(extents, dtype_size(input.dtype()), {output.mutable_bytes().data(), row_major_strides(extents)},
               {input.bytes().data(), from});
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Tile{
    .name = "Tile",
    .since = 6,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The input repeated along every axis",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
