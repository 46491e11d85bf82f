// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (!input.has_rank) return std::vector{unknown_of_rank(input.dtype, 2)};
  const int64_t rank = static_cast<int64_t>(input.dims.size()), given = ctx.node().int_attr("axis", 1);
  if (given < -rank || given > rank) return ctx.error(fmt::format("axis {} is outside of rank {}", given, rank));
  const auto axis = static_cast<size_t>(given < 0 ? given + rank : given);
  const std::span dims(input.dims);
  return std::vector{TensorType::of(input.dtype, Dims{product(dims.first(axis)), product(dims.subspan(axis))})};
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0).reshaped(ctx.output_shape(0))}; }

}  // namespace

extern constinit const OpDef Flatten{
    .name = "Flatten",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "A matrix: the axes before axis times those from axis on",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
