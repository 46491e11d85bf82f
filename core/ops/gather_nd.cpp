// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"batch_dims", AttrKind::Int, "0"}};

// Attribute and shapes fit together; the length of the index tuples is known.
template <class Context>
Result<size_t> batch_of(const Context& ctx, size_t data_rank, size_t index_rank, int64_t depth) {
  const int64_t batch = ctx.node().int_attr("batch_dims", 0);
  const bool fits = batch >= 0 && index_rank >= 1 && batch < static_cast<int64_t>(std::min(data_rank, index_rank));
  if (fits && depth >= 0 && depth <= static_cast<int64_t>(data_rank) - batch) return static_cast<size_t>(batch);
  return ctx.error(fmt::format("batch_dims={} and index tuples of {} do not fit data of rank {} and indices of rank {}", batch, depth, data_rank, index_rank));
}

TypesResult infer(const InferContext& ctx) {
  const TensorType &data = ctx.input(0), &indices = ctx.input(1);
  if (ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("indices are {}, need int64", to_string(indices.dtype)));
  if (!data.has_rank || !indices.has_rank || indices.dims.empty() || !indices.dims.back().known()) return std::vector{unranked(data.dtype)};
  NPU_TRY(const size_t batch, batch_of(ctx, data.dims.size(), indices.dims.size(), indices.dims.back().value()));
  Dims dims(indices.dims.begin(), indices.dims.end() - 1);
  for (size_t i = 0; i < batch; ++i) {
    NPU_TRY(dims[i], unify(ctx, dims[i], data.dims[i], "batch"));
  }
  dims.insert(dims.end(), data.dims.begin() + static_cast<std::ptrdiff_t>(batch) + indices.dims.back().value(), data.dims.end());
  return std::vector{TensorType::of(data.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &data = ctx.input(0), &indices = ctx.input(1);
  const auto depth = static_cast<size_t>(indices.shape().back());
  NPU_TRY(const size_t batch, batch_of(ctx, data.shape().size(), indices.shape().size(), indices.shape().back()));
  Tensor y(data.dtype(), ctx.output_shape(0));
  if (y.elements() == 0) return std::vector{std::move(y)};
  const auto at = indices.to_ints();
  const npu::Shape strides = row_major_strides(data.shape());
  const size_t count = static_cast<size_t>(element_count({indices.shape().begin(), indices.shape().end() - 1}));
  const size_t batches = static_cast<size_t>(element_count({data.shape().begin(), data.shape().begin() + static_cast<std::ptrdiff_t>(batch)}));
  const auto plane = element_count({data.shape().begin() + static_cast<std::ptrdiff_t>(batch), data.shape().end()});
  const size_t block = y.byte_size() / count, size = dtype_size(data.dtype());
  std::byte* to = y.mutable_bytes().data();
  for (size_t i = 0; i < count; ++i) {
    int64_t offset = static_cast<int64_t>(i / (count / batches)) * plane;
    for (size_t d = 0; d < depth; ++d) {
      NPU_TRY(const int64_t index, checked_index(ctx, at[i * depth + d], data.shape()[batch + d], i * depth + d));
      offset += index * strides[batch + d];
    }
    std::memcpy(to + i * block, data.bytes().data() + static_cast<size_t>(offset) * size, block);
  }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef GatherND{
    .name = "GatherND",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The slices of data that the tuples of indices name, batch by batch",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
