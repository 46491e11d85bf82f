// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, ""}, {"sorted", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  TensorType y = unknown_of_rank(x.dtype, 1);
  if (ctx.node().find_attr("axis")) {
    y = x;
    if (x.has_rank) {
      NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.dims.size()));
      y.dims[axis] = Dim();
    }
  }
  const TensorType vector = unknown_of_rank(DType::Int64, 1);
  return std::vector{y, vector, vector, vector};
}

// The slices of x along the axis as rows, in the order they are compared and copied in.
template <class T>
std::vector<std::vector<T>> slices_of(const Tensor& x, size_t axis) {
  const auto inner = static_cast<size_t>(row_major_strides(x.shape())[axis]), length = static_cast<size_t>(x.shape()[axis]);
  const auto from = x.data<T>();
  std::vector<std::vector<T>> rows(length);
  for (size_t i = 0; i < from.size(); ++i) rows[i / inner % length].push_back(from[i]);
  return rows;
}

Tensor int64_vector(const std::vector<int64_t>& values) {
  return Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(values.size())}, values);
}

TensorsResult reference(const EvalContext& ctx) {
  const bool flat = !ctx.node().find_attr("axis");
  const Tensor x = flat ? ctx.input(0).reshaped({ctx.input(0).elements()}) : ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, flat ? 0 : ctx.node().int_attr("axis", 0), x.shape().size()));
  return visit_class<TypeClass::Any>(x.dtype(), [&]<class T>() -> TensorsResult {
    const auto rows = slices_of<T>(x, axis);
    std::map<std::vector<T>, size_t> places;
    std::vector<int64_t> first, inverse, counts;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto [place, is_new] = places.try_emplace(rows[i], first.size());
      if (is_new) first.push_back(static_cast<int64_t>(i)), counts.push_back(0);
      inverse.push_back(static_cast<int64_t>(place->second));
      ++counts[place->second];
    }
    if (ctx.node().int_attr("sorted", 1) != 0) {
      std::vector<int64_t> rank(first.size()), sorted_first, sorted_counts;
      for (const auto& [row, place] : places) {
        rank[place] = static_cast<int64_t>(sorted_first.size());
        sorted_first.push_back(first[place]), sorted_counts.push_back(counts[place]);
      }
      for (int64_t& place : inverse) place = rank[static_cast<size_t>(place)];
      first = std::move(sorted_first), counts = std::move(sorted_counts);
    }
    npu::Shape shape = x.shape();
    shape[axis] = static_cast<int64_t>(first.size());
    Tensor y(x.dtype(), shape);
    const auto to = y.mutable_data<T>();
    const auto inner = static_cast<size_t>(row_major_strides(shape)[axis]);
    for (size_t i = 0; i < to.size(); ++i) {
      const auto& row = rows[static_cast<size_t>(first[i / inner % first.size()])];
      to[i] = row[i / (inner * first.size()) * inner + i % inner];
    }
    return std::vector{std::move(y), int64_vector(first), int64_vector(inverse), int64_vector(counts)};
  });
}

}  // namespace

extern constinit const OpDef Unique{
    .name = "Unique",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 4,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The different elements, or slices along axis, sorted or as they first come; with first indices, inverse indices and counts",
    .arrive = Arrive::Ordered,
    .from_values = true,
};

}  // namespace npu::op
