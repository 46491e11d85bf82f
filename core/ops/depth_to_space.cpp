// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/dim_math.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"blocksize", AttrKind::Int, "required"}, {"mode", AttrKind::String, "DCR"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  const int64_t block = ctx.node().int_attr("blocksize", 0);
  const std::string mode = ctx.node().string_attr("mode", "DCR");
  if (block < 1 || block > 1 << 15) return ctx.error(fmt::format("blocksize {}", block));
  if (mode != "DCR" && mode != "CRD") return ctx.error(fmt::format("mode '{}' is neither DCR nor CRD", mode));
  if (!input.has_rank) return std::vector{unknown_of_rank(input.dtype, 4)};
  if (input.dims.size() != 4) return ctx.error(fmt::format("input is {}, needs 4 axes", to_string(input.dims)));
  const Dim& channels = input.dims[1];
  if (channels.known() && channels.value() % (block * block) != 0)
    return ctx.error(fmt::format("{} channels are no multiple of blocksize {} squared", channels.value(), block));
  return std::vector{TensorType::of(
      input.dtype, Dims{input.dims[0], channels.known() ? Dim(channels.value() / (block * block)) : Dim(),
                        multiply(input.dims[2], Dim(block)), multiply(input.dims[3], Dim(block))})};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  const npu::Shape& s = input.shape();
  const int64_t block = ctx.node().int_attr("blocksize", 1);
  const int64_t depth = s[1] / (block * block);
  const Tensor blocks = ctx.node().string_attr("mode", "DCR") == "DCR"
                            ? transposed(input.reshaped({s[0], block, block, depth, s[2], s[3]}), {0, 3, 4, 1, 5, 2})
                            : transposed(input.reshaped({s[0], depth, block, block, s[2], s[3]}), {0, 1, 4, 2, 5, 3});
  return std::vector{blocks.reshaped(ctx.output_shape(0))};
}

}  // namespace

extern constinit const OpDef DepthToSpace{
    .name = "DepthToSpace",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Channels moved into blocks of pixels: NCHW to N, C/b^2, H*b, W*b",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
