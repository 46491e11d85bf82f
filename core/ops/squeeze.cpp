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
  if (!input.has_rank || given.unknown()) return std::vector{unranked(input.dtype)};
  if (!given.known() && !input.is_static()) return std::vector{unranked(input.dtype)};
  NPU_TRY(const auto axes, normalize_axes(ctx, given.values, input.dims.size()));
  Dims dims;
  for (size_t i = 0; i < input.dims.size(); ++i) {
    const Dim& dim = input.dims[i];
    const bool listed = std::ranges::find(axes, i) != axes.end();
    if (listed && dim.known() && dim.value() != 1)
      return ctx.error(fmt::format("axis {} of {} has {} elements, cannot be squeezed", i, to_string(input.dims), dim.value()));
    if (given.known() ? !listed : dim.value() != 1) dims.push_back(dim);
  }
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0).reshaped(ctx.output_shape(0))}; }

}  // namespace

extern constinit const OpDef Squeeze{
    .name = "Squeeze",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input without the given axes, or without all axes of size 1",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
