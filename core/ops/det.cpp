// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  TensorType type = ctx.input(0);
  if (!type.has_rank) return std::vector{type};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 2));
  NPU_CHECK(unify(ctx, type.dims[rank - 1], type.dims[rank - 2], "rows and columns"));
  type.dims.resize(rank - 2);
  return std::vector{std::move(type)};
}

// Gaussian elimination with the largest pivot of each column.
double determinant(std::vector<double> m, size_t n) {
  double result = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t row = k + 1; row < n; ++row)
      if (std::abs(m[row * n + k]) > std::abs(m[pivot * n + k])) pivot = row;
    if (m[pivot * n + k] == 0) return 0;
    if (pivot != k) {
      std::swap_ranges(m.begin() + static_cast<std::ptrdiff_t>(k * n), m.begin() + static_cast<std::ptrdiff_t>((k + 1) * n), m.begin() + static_cast<std::ptrdiff_t>(pivot * n));
      result = -result;
    }
    result *= m[k * n + k];
    for (size_t row = k + 1; row < n; ++row) {
      const double factor = m[row * n + k] / m[k * n + k];
      for (size_t column = k; column < n; ++column) m[row * n + column] -= factor * m[k * n + column];
    }
  }
  return result;
}

TensorsResult reference(const EvalContext& ctx) {
  const auto n = static_cast<size_t>(ctx.input(0).shape().back());
  const auto values = ctx.input(0).to_doubles();
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto to = y.mutable_data<double>();
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = determinant({values.begin() + static_cast<std::ptrdiff_t>(i * n * n), values.begin() + static_cast<std::ptrdiff_t>((i + 1) * n * n)}, n);
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef Det{
    .name = "Det",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Determinant of each square matrix of the last two axes",
};

}  // namespace npu::op
