// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/position.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"align_corners", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& theta = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("size is {}, needs int64", to_string(ctx.input(1).dtype)));
  const auto size = ints_input(ctx, 1);
  if (!size) return std::vector{unranked(theta.dtype)};
  if (size->size() != 4 && size->size() != 5) return ctx.error(fmt::format("size has {} values, needs 4 or 5", size->size()));
  for (const int64_t value : *size)
    if (value < 1 || value > INT32_MAX) return ctx.error(fmt::format("size holds {}", value));
  const auto rank = static_cast<int64_t>(size->size()) - 2;
  if (theta.has_rank) {
    if (theta.dims.size() != 3) return ctx.error(fmt::format("theta is of shape {}, needs rank 3", to_string(theta.dims)));
    NPU_CHECK(unify(ctx, theta.dims[0], Dim((*size)[0]), "batch"));
    NPU_CHECK(unify(ctx, theta.dims[1], Dim(rank), "rows of theta"));
    NPU_CHECK(unify(ctx, theta.dims[2], Dim(rank + 1), "columns of theta"));
  }
  npu::Shape shape{(*size)[0]};
  shape.insert(shape.end(), size->begin() + 2, size->end());
  shape.push_back(rank);
  return std::vector{TensorType::of(theta.dtype, shape)};
}

// The i-th of `count` positions between -1 and 1: at the ends of the range, or at the centres of equal parts of it.
double position_of(int64_t i, int64_t count, bool align_corners) {
  if (!align_corners) return (2 * static_cast<double>(i) + 1) / static_cast<double>(count) - 1;
  return count == 1 ? -1 : 2 * static_cast<double>(i) / static_cast<double>(count - 1) - 1;
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape shape = ctx.output_shape(0);
  const auto rank = static_cast<size_t>(shape.back());
  const bool align = ctx.node().int_attr("align_corners", 0) != 0;
  const auto theta = ctx.input(0).to_doubles();
  Tensor y(DType::Float64, shape);
  double* to = y.mutable_data<double>().data();
  Position at({shape.begin(), shape.end() - 1});
  for (int64_t i = 0; i < y.elements() / static_cast<int64_t>(rank); ++i, at.next()) {
    const double* matrix = theta.data() + static_cast<size_t>(at[0]) * rank * (rank + 1);
    for (size_t row = 0; row < rank; ++row) {
      double sum = matrix[row * (rank + 1) + rank];
      // The first coordinate runs along the last axis.
      for (size_t k = 0; k < rank; ++k) sum += matrix[row * (rank + 1) + k] * position_of(at[rank - k], shape[rank - k], align);
      *to++ = sum;
    }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef AffineGrid{
    .name = "AffineGrid",
    .since = 20,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The positions to sample an image of the given size at after the affine transformation theta",
};

}  // namespace npu::op
