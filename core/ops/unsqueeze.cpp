// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// An attribute before opset 13, an input since.
constexpr AttrDef kAttrs[] = {{"axes", AttrKind::Ints, ""}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  NPU_TRY(const auto given, ints_parameter(ctx, 1, "axes"));
  if (given.knowledge == Knowledge::Absent) return ctx.error("axes is missing");
  if (!input.has_rank) return std::vector{unranked(input.dtype)};
  if (given.unknown()) {
    const auto count = vector_length(ctx, 1);
    return std::vector{count && *count <= kMaxRank ? unknown_of_rank(input.dtype, input.dims.size() + *count)
                                                   : unranked(input.dtype)};
  }
  const size_t rank = input.dims.size() + given.values.size();
  if (rank > kMaxRank) return ctx.error(fmt::format("rank {} is too large", rank));
  NPU_TRY(const auto axes, normalize_axes(ctx, given.values, rank));
  Dims dims = input.dims;
  for (size_t axis : axes) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), Dim(1));
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0).reshaped(ctx.output_shape(0))}; }

}  // namespace

extern constinit const OpDef Unsqueeze{
    .name = "Unsqueeze",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input with axes of size 1 put in, at these positions of the output",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
