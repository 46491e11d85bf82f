// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/dim_math.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"blocksize", AttrKind::Int, "required"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  const int64_t block = ctx.node().int_attr("blocksize", 0);
  if (block < 1 || block > 1 << 15) return ctx.error(fmt::format("blocksize {}", block));
  if (!input.has_rank) return std::vector{unknown_of_rank(input.dtype, 4)};
  if (input.dims.size() != 4) return ctx.error(fmt::format("input is {}, needs 4 axes", to_string(input.dims)));
  Dims dims{input.dims[0], multiply(input.dims[1], Dim(block * block)), Dim(), Dim()};
  for (size_t i : {2, 3}) {
    const Dim& size = input.dims[i];
    if (size.known() && size.value() % block != 0)
      return ctx.error(fmt::format("axis {} of {} is no multiple of blocksize {}", i, to_string(input.dims), block));
    if (size.known()) dims[i] = Dim(size.value() / block);
  }
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& s = ctx.input(0).shape();
  const int64_t block = ctx.node().int_attr("blocksize", 1);
  const Tensor blocks = ctx.input(0).reshaped({s[0], s[1], s[2] / block, block, s[3] / block, block});
  return std::vector{transposed(blocks, {0, 3, 5, 1, 2, 4}).reshaped(ctx.output_shape(0))};
}

}  // namespace

extern constinit const OpDef SpaceToDepth{
    .name = "SpaceToDepth",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Blocks of pixels moved into channels: NCHW to N, C*b^2, H/b, W/b",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
