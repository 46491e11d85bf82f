// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "required"}};

TypesResult infer(const InferContext& ctx) {
  TensorType output = unranked(ctx.input(0).dtype);
  size_t axis = 0, first = 0;
  Dim total(0);
  for (size_t i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
    NPU_CHECK(require_same_dtype(ctx, i));
    const TensorType& input = ctx.input(i);
    if (!input.has_rank) {
      total = Dim();
      continue;
    }
    if (!output.has_rank) {
      output = input;
      first = i;
      NPU_TRY(axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), input.dims.size()));
    }
    const auto mismatch = [&] {
      return ctx.error(fmt::format("input {} is {}, input {} is {}: they may differ in axis {} only", i,
                                   to_string(input.dims), first, to_string(ctx.input(first).dims), axis));
    };
    if (input.dims.size() != output.dims.size()) return mismatch();
    for (size_t d = 0; d < input.dims.size(); ++d) {
      if (d == axis) continue;
      const auto joined = unify(ctx, output.dims[d], input.dims[d], "");
      if (!joined) return mismatch();
      output.dims[d] = *joined;
    }
    total = add(total, input.dims[axis]);
  }
  if (output.has_rank) output.dims[axis] = total;
  return std::vector{std::move(output)};
}

TensorsResult reference(const EvalContext& ctx) {
  Tensor output(ctx.input(0).dtype(), ctx.output_shape(0));
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), output.shape().size()));
  const int64_t outer = element_count({output.shape().begin(), output.shape().begin() + static_cast<std::ptrdiff_t>(axis)});
  if (output.elements() == 0) return std::vector{std::move(output)};
  std::byte* to = output.mutable_bytes().data();
  const size_t step = output.byte_size() / static_cast<size_t>(outer);
  for (size_t i = 0; i < ctx.input_count(); ++i) {
    const Bytes from = ctx.input(i).bytes();
    const size_t block = from.size() / static_cast<size_t>(outer);
    if (block == 0) continue;
    for (size_t o = 0; o < static_cast<size_t>(outer); ++o) std::memcpy(to + o * step, from.data() + o * block, block);
    to += block;
  }
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Concat{
    .name = "Concat",
    .since = 4,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The inputs one after another along axis",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
