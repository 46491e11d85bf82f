// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/matrix.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType& a = ctx.input(0);
  const TensorType& b = ctx.input(1);
  if (!has_product(a.dtype)) return ctx.error(fmt::format("input 0 is {}", to_string(a.dtype)));
  NPU_CHECK(require_same_dtype(ctx, 1));
  if (!a.has_rank || !b.has_rank) return std::vector{unranked(a.dtype)};
  NPU_TRY(const size_t a_rank, rank_of(ctx, 0, 1));
  NPU_TRY(const size_t b_rank, rank_of(ctx, 1, 1));
  NPU_CHECK(unify(ctx, a.dims.back(), b.dims[b_rank == 1 ? 0 : b_rank - 2],
                  fmt::format("inner dimension of {} and {}", to_string(a.dims), to_string(b.dims))));
  // The stacks of matrices broadcast; a vector stands for a matrix of one row (left) or column (right).
  const size_t a_batch = a_rank - std::min<size_t>(a_rank, 2);
  const size_t b_batch = b_rank - std::min<size_t>(b_rank, 2);
  Dims output(std::max(a_batch, b_batch), Dim(1));
  for (const auto& [type, count] : {std::pair{&a, a_batch}, std::pair{&b, b_batch}})
    for (size_t i = 0; i < count; ++i)
      if (!broadcast_dim(output[output.size() - count + i], type->dims[i]))
        return ctx.error(fmt::format("cannot broadcast {} and {}", to_string(a.dims), to_string(b.dims)));
  if (a_rank > 1) output.push_back(a.dims[a_rank - 2]);
  if (b_rank > 1) output.push_back(b.dims.back());
  return std::vector{TensorType::of(a.dtype, output)};
}

TensorsResult reference(const EvalContext& ctx) {
  npu::Shape a = ctx.input(0).shape();
  npu::Shape b = ctx.input(1).shape();
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  const int64_t m = a[a.size() - 2];
  const int64_t k = a.back();
  const int64_t n = b.back();
  const npu::Shape a_batch(a.begin(), a.end() - 2);
  const npu::Shape b_batch(b.begin(), b.end() - 2);
  const auto loops = broadcast_loops<2>(broadcast_shapes(a_batch, b_batch), {&a_batch, &b_batch});
  Tensor y(ctx.output_dtype(0), ctx.output_shape(0));
  visit_product_type(y.dtype(), [&]<class T>() {
    const T* left = reinterpret_cast<const T*>(ctx.input(0).bytes().data());
    const T* right = reinterpret_cast<const T*>(ctx.input(1).bytes().data());
    T* out = reinterpret_cast<T*>(y.mutable_bytes().data());
    for_each_run(loops, [&](int64_t at, const std::array<int64_t, 2>& offsets) {
      for (int64_t i = 0; i < loops.run; ++i)
        multiply(m, n, k, MatrixView<T>{left + (offsets[0] + i * loops.run_strides[0]) * m * k, k, 1},
                 MatrixView<T>{right + (offsets[1] + i * loops.run_strides[1]) * k * n, n, 1}, out + (at + i) * m * n);
    });
  });
  return std::vector{y};
}

}  // namespace

extern constinit const OpDef MatMul{
    .name = "MatMul",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "Matrix product of A[...,m,k] and B[...,k,n]; leading dimensions broadcast, vectors are one row or column",
};

}  // namespace npu::op
