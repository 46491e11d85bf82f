// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"
#include "core/ops/detail/slices.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "0"}, {"keepdims", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_tensor(ctx, 0));
  if (ctx.has_input(1)) NPU_CHECK(require_index_type(ctx, 1));
  TensorType type = ctx.input(0);
  if (!type.has_rank) return std::vector{sequence_of(type)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), type.dims.size()));
  type.dims[axis] = ctx.has_input(1) ? Dim() : Dim(1);
  if (!ctx.has_input(1) && ctx.node().int_attr("keepdims", 1) == 0) type.dims.erase(type.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  return std::vector{sequence_of(type)};
}

// The sizes of the parts along an axis of this length.
Result<std::vector<int64_t>> parts_of(const DatumContext& ctx, int64_t length) {
  if (!ctx.has_input(1)) return std::vector<int64_t>(static_cast<size_t>(length), 1);
  const Tensor& split = ctx.input(1).tensor();
  auto sizes = split.to_ints();
  int64_t sum = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > length || (split.shape().empty() && size == 0)) return ctx.error(fmt::format("a part of {} of an axis of {}", size, length));
    sum += size;
  }
  if (!split.shape().empty()) {
    if (sum != length) return ctx.error(fmt::format("parts of {} in all for an axis of {}", sum, length));
    return sizes;
  }
  // A scalar is the size of all parts but the last.
  std::vector<int64_t> parts(static_cast<size_t>(length / sizes[0]), sizes[0]);
  if (length % sizes[0] != 0) parts.push_back(length % sizes[0]);
  return parts;
}

DatumsResult evaluate(const DatumContext& ctx) {
  const Tensor& x = ctx.input(0).tensor();
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.shape().size()));
  NPU_TRY(const auto parts, parts_of(ctx, x.shape()[axis]));
  const bool drops = !ctx.has_input(1) && ctx.node().int_attr("keepdims", 1) == 0;
  std::vector<Tensor> items;
  int64_t start = 0;
  for (const int64_t size : parts) {
    NPU_TRY(Tensor part, slice_axis(ctx, x, axis, start, start + size));
    npu::Shape shape = part.shape();
    if (drops) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
    items.push_back(part.reshaped(shape));
    start += size;
  }
  return std::vector{Datum::sequence(x.dtype(), std::move(items))};
}

}  // namespace

extern constinit const OpDef SplitToSequence{
    .name = "SplitToSequence",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "The tensor in parts along axis: of one element, of one size, or of the given sizes",
    .evaluate = evaluate,
};

}  // namespace npu::op
