// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/matrix.h"
#include "core/ops/detail/permuted.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"perm_x1", AttrKind::Ints, ""}, {"perm_x2", AttrKind::Ints, ""}, {"perm_y", AttrKind::Ints, ""}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& a = ctx.input(0);
  const TensorType& b = ctx.input(1);
  if (!has_product(a.dtype)) return ctx.error(fmt::format("input 0 is {}", to_string(a.dtype)));
  NPU_CHECK(require_same_dtype(ctx, 1));
  if (!a.has_rank || !b.has_rank) return std::vector{unranked(a.dtype)};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 2));
  if (b.dims.size() != rank) return ctx.error(fmt::format("inputs of rank {} and {}", rank, b.dims.size()));
  NPU_TRY(const Dims left, permuted(ctx, 0, "perm_x1"));
  NPU_TRY(const Dims right, permuted(ctx, 1, "perm_x2"));
  NPU_TRY(const auto of_y, permutation(ctx, "perm_y", rank));
  NPU_CHECK(unify(ctx, left[rank - 1], right[rank - 2], "inner dimension"));
  Dims product(rank), y(rank);
  for (size_t i = 0; i + 2 < rank; ++i) {
    NPU_TRY(product[i], unify(ctx, left[i], right[i], "batch"));
  }
  product[rank - 2] = left[rank - 2];
  product[rank - 1] = right[rank - 1];
  for (size_t i = 0; i < rank; ++i) y[i] = product[of_y[i]];
  return std::vector{TensorType::of(a.dtype, y)};
}

// Strides of the axes of a row-major tensor, in the order that perm gives them.
std::vector<int64_t> strides_of(const npu::Shape& shape, const std::vector<int64_t>& perm) {
  const npu::Shape plain = row_major_strides(shape);
  std::vector<int64_t> strides(plain.begin(), plain.end());
  for (size_t i = 0; i < perm.size(); ++i) {
    const int64_t axis = perm[i] < 0 ? perm[i] + static_cast<int64_t>(shape.size()) : perm[i];
    strides[i] = plain[static_cast<size_t>(axis)];
  }
  return strides;
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& a = ctx.input(0).shape();
  const npu::Shape& b = ctx.input(1).shape();
  const size_t rank = a.size();
  const auto dim = [&](const npu::Shape& shape, std::string_view attr, size_t i) {
    const auto perm = ctx.node().ints_attr(attr);
    if (perm.empty()) return shape[i];
    return shape[static_cast<size_t>(perm[i] < 0 ? perm[i] + static_cast<int64_t>(rank) : perm[i])];
  };
  const auto of_a = strides_of(a, ctx.node().ints_attr("perm_x1")), of_b = strides_of(b, ctx.node().ints_attr("perm_x2"));
  npu::Shape product;
  for (size_t i = 0; i + 1 < rank; ++i) product.push_back(dim(a, "perm_x1", i));
  product.push_back(dim(b, "perm_x2", rank - 1));
  const int64_t m = product[rank - 2], n = product[rank - 1], k = dim(a, "perm_x1", rank - 1);
  Tensor y(ctx.output_dtype(0), ctx.output_shape(0));
  // Where an axis of the product lies in y.
  std::vector<int64_t> of_y(rank);
  const auto plain = row_major_strides(y.shape());
  const auto perm_y = ctx.node().ints_attr("perm_y");
  for (size_t i = 0; i < rank; ++i) {
    const int64_t axis = perm_y.empty() ? static_cast<int64_t>(i) : perm_y[i] < 0 ? perm_y[i] + static_cast<int64_t>(rank) : perm_y[i];
    of_y[static_cast<size_t>(axis)] = plain[i];
  }
  int64_t batches = 1;
  for (size_t i = 0; i + 2 < rank; ++i) batches *= product[i];
  visit_product_type(y.dtype(), [&]<class T>() {
    const T* left = reinterpret_cast<const T*>(ctx.input(0).bytes().data());
    const T* right = reinterpret_cast<const T*>(ctx.input(1).bytes().data());
    T* out = reinterpret_cast<T*>(y.mutable_bytes().data());
    std::vector<T> matrix(static_cast<size_t>(m * n));
    for (int64_t batch = 0; batch < batches; ++batch) {
      int64_t rest = batch, from_a = 0, from_b = 0, to = 0;
      for (size_t i = rank - 2; i-- > 0; rest /= product[i]) {
        const int64_t at = rest % product[i];
        from_a += at * of_a[i], from_b += at * of_b[i], to += at * of_y[i];
      }
      multiply(m, n, k, MatrixView<T>{left + from_a, of_a[rank - 2], of_a[rank - 1]}, MatrixView<T>{right + from_b, of_b[rank - 2], of_b[rank - 1]}, matrix.data());
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) out[to + i * of_y[rank - 2] + j * of_y[rank - 1]] = matrix[static_cast<size_t>(i * n + j)];
    }
  });
  return std::vector{y};
}

}  // namespace

extern constinit const OpDef TransposeBatchMatMul{
    .name = "TransposeBatchMatMul",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Transpose(MatMul(Transpose(X1, perm_x1), Transpose(X2, perm_x2)), perm_y); the vendor's operator of that name",
};

}  // namespace npu::op
