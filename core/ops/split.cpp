// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// The sizes are an attribute before opset 13, an input since; num_outputs exists since opset 18.
constexpr AttrDef kAttrs[] = {
    {"axis", AttrKind::Int, "0"}, {"num_outputs", AttrKind::Int, ""}, {"split", AttrKind::Ints, ""}};

// Sizes of the outputs along the axis of the given length: equal parts, the last smaller from opset 18 on.
Result<std::vector<int64_t>> equal_parts(const InferContext& ctx, int64_t length) {
  const auto count = static_cast<int64_t>(ctx.output_count());
  const int64_t part = ceil_div(length, count);
  const int64_t last = length - part * (count - 1);
  if (last < 0 || (last != part && !ctx.node().find_attr("num_outputs")))
    return ctx.error(fmt::format("cannot split {} into {} equal parts", length, count));
  std::vector<int64_t> sizes(ctx.output_count(), part);
  sizes.back() = last;
  return sizes;
}

Status check_sizes(const InferContext& ctx, const std::vector<int64_t>& sizes, const Dim& length) {
  if (sizes.size() != ctx.output_count())
    return ctx.error(fmt::format("split has {} sizes, the node {} outputs", sizes.size(), ctx.output_count()));
  int64_t sum = 0;
  for (int64_t size : sizes)
    if (size < 0 || __builtin_add_overflow(sum, size, &sum)) return ctx.error(fmt::format("split {} is no size", size));
  if (length.known() && sum != length.value())
    return ctx.error(fmt::format("split {} sums to {}, the axis has {}", fmt::join(sizes, "+"), sum, length.value()));
  return {};
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  const int64_t wanted = ctx.node().int_attr("num_outputs", static_cast<int64_t>(ctx.output_count()));
  if (wanted != static_cast<int64_t>(ctx.output_count()))
    return ctx.error(fmt::format("num_outputs is {}, the node has {} outputs", wanted, ctx.output_count()));
  NPU_TRY(const auto split, ints_parameter(ctx, 1, "split"));
  if (!input.has_rank) return std::vector(ctx.output_count(), unranked(input.dtype));
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), input.dims.size()));
  const Dim length = input.dims[axis];
  std::vector<TensorType> outputs(ctx.output_count(), input);
  for (TensorType& output : outputs) output.dims[axis] = Dim();
  std::vector<int64_t> sizes = split.values;
  if (split.known()) {
    NPU_CHECK(check_sizes(ctx, sizes, length));
  } else if (split.unknown() || !length.known()) {
    return outputs;
  } else {
    NPU_TRY(sizes, equal_parts(ctx, length.value()));
  }
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i].dims[axis] = Dim(sizes[i]);
  return outputs;
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), input.shape().size()));
  const int64_t outer = element_count({input.shape().begin(), input.shape().begin() + static_cast<std::ptrdiff_t>(axis)});
  std::vector<Tensor> outputs;
  const std::byte* from = input.bytes().data();
  for (size_t i = 0; i < ctx.output_count(); ++i) {
    Tensor& output = outputs.emplace_back(input.dtype(), ctx.output_shape(i));
    if (output.byte_size() == 0) continue;
    const size_t block = output.byte_size() / static_cast<size_t>(outer);
    const size_t step = input.byte_size() / static_cast<size_t>(outer);
    std::byte* to = output.mutable_bytes().data();
    for (size_t o = 0; o < static_cast<size_t>(outer); ++o) std::memcpy(to + o * block, from + o * step, block);
    from += block;
  }
  return outputs;
}

}  // namespace

extern constinit const OpDef Split{
    .name = "Split",
    .since = 2,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input cut along axis into parts of the sizes split, or of equal size",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
