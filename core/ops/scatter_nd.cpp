// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/scatter.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"reduction", AttrKind::String, "none"}};

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("indices are {}, need int64", to_string(ctx.input(1).dtype)));
  NPU_CHECK(require_same_dtype(ctx, 2));
  NPU_CHECK(scatter_reduction(ctx));
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &indices = ctx.input(1), &updates = ctx.input(2);
  Tensor y = ctx.input(0);
  const auto mismatch = [&] {
    return ctx.error(fmt::format("data of shape {}, indices of {} and updates of {} do not fit together", to_string(y.shape()),
                                 to_string(indices.shape()), to_string(updates.shape())));
  };
  if (indices.shape().empty()) return mismatch();
  const auto depth = static_cast<size_t>(indices.shape().back());
  if (depth > y.shape().size()) return mismatch();
  npu::Shape wanted(indices.shape().begin(), indices.shape().end() - 1);
  wanted.insert(wanted.end(), y.shape().begin() + static_cast<std::ptrdiff_t>(depth), y.shape().end());
  if (updates.shape() != wanted) return mismatch();
  NPU_TRY(const ScatterReduction reduction, scatter_reduction(ctx));
  const auto at = indices.to_ints();
  const npu::Shape strides = row_major_strides(y.shape());
  const auto block = static_cast<size_t>(element_count({y.shape().begin() + static_cast<std::ptrdiff_t>(depth), y.shape().end()}));
  const size_t count = static_cast<size_t>(element_count({indices.shape().begin(), indices.shape().end() - 1}));
  return visit_class<TypeClass::Any>(y.dtype(), [&]<class T>() -> TensorsResult {
    const T* from = updates.data<T>().data();
    const auto to = y.mutable_data<T>();
    for (size_t i = 0; i < count; ++i) {
      int64_t offset = 0;
      for (size_t d = 0; d < depth; ++d) {
        NPU_TRY(const int64_t index, checked_index(ctx, at[i * depth + d], y.shape()[d], i * depth + d));
        offset += index * strides[d];
      }
      for (size_t k = 0; k < block; ++k) {
        T& target = to[static_cast<size_t>(offset) + k];
        target = scattered(reduction, target, from[i * block + k]);
      }
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef ScatterND{
    .name = "ScatterND",
    .since = 11,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "data with slices of updates put where the tuples of indices say; reduction as in ScatterElements",
    .arrive = Arrive::Ordered,
};

}  // namespace npu::op
