// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& data = ctx.input(0);
  const TensorType& indices = ctx.input(1);
  if (indices.dtype != DType::Int64 && indices.dtype != DType::Int32)
    return ctx.error(fmt::format("indices are {}, need int64 or int32", to_string(indices.dtype)));
  if (!data.has_rank) return std::vector{unranked(data.dtype)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), data.dims.size()));
  if (!indices.has_rank) return std::vector{unranked(data.dtype)};
  Dims dims = data.dims;
  const auto at = dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(at, indices.dims.begin(), indices.dims.end());
  return std::vector{TensorType::of(data.dtype, std::move(dims))};
}

// The indices made non-negative, or an error that names the first one out of range.
Result<std::vector<int64_t>> indices_of(const EvalContext& ctx, int64_t length) {
  std::vector<int64_t> indices = ctx.input(1).to_ints();
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < -length || indices[i] >= length)
      return ctx.error(fmt::format("index {} (element {} of the indices) is outside of an axis of {}", indices[i], i, length));
    if (indices[i] < 0) indices[i] += length;
  }
  return indices;
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& data = ctx.input(0);
  const npu::Shape& shape = data.shape();
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), shape.size()));
  NPU_TRY(const auto indices, indices_of(ctx, shape[axis]));
  Tensor output(data.dtype(), ctx.output_shape(0));
  if (output.elements() == 0) return std::vector{std::move(output)};
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const auto outer = static_cast<size_t>(element_count({shape.begin(), split}));
  const size_t block = static_cast<size_t>(element_count({split + 1, shape.end()})) * dtype_size(data.dtype());
  const size_t plane = block * static_cast<size_t>(shape[axis]);
  std::byte* to = output.mutable_bytes().data();
  for (size_t o = 0; o < outer; ++o)
    for (int64_t index : indices) {
      std::memcpy(to, data.bytes().data() + o * plane + static_cast<size_t>(index) * block, block);
      to += block;
    }
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Gather{
    .name = "Gather",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The slices of data along axis that the indices name",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
