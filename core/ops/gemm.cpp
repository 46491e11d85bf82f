// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/matrix.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"alpha", AttrKind::Float, "1"},
    {"beta", AttrKind::Float, "1"},
    {"broadcast", AttrKind::Int, "0"},  // before opset 7; broadcasting is always allowed here
    {"transA", AttrKind::Int, "0"},
    {"transB", AttrKind::Int, "0"},
};

// C is broadcast to [m, n]: each of its dimensions, counted from the end, is 1 or the whole.
Status check_addend(const InferContext& ctx, const Dim& m, const Dim& n) {
  const TensorType& c = ctx.input(2);
  if (!c.has_rank) return {};
  const Dim whole[] = {n, m};
  bool fits = c.dims.size() <= 2;
  for (size_t i = 0; fits && i < c.dims.size(); ++i) {
    const Dim& dim = c.dims[c.dims.size() - 1 - i];
    fits = !dim.known() || dim.value() == 1 || !whole[i].known() || dim.value() == whole[i].value();
  }
  if (fits) return {};
  return ctx.error(fmt::format("C of shape {} does not broadcast to {}", to_string(c.dims), to_string(Dims{m, n})));
}

TypesResult infer(const InferContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  if (!has_product(dtype)) return ctx.error(fmt::format("input 0 is {}", to_string(dtype)));
  for (size_t i = 1; i < ctx.input_count(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  for (size_t i : {0, 1})
    if (ctx.input(i).has_rank && ctx.input(i).dims.size() != 2)
      return ctx.error(fmt::format("input {} is of shape {}, needs a matrix", i, to_string(ctx.input(i).dims)));
  const auto dim = [&](size_t i, std::string_view transposed, bool first) {
    const TensorType& type = ctx.input(i);
    return type.has_rank ? type.dims[(ctx.node().int_attr(transposed, 0) != 0) == first ? 1 : 0] : Dim();
  };
  NPU_CHECK(unify(ctx, dim(0, "transA", false), dim(1, "transB", true), "inner dimension"));
  const Dim m = dim(0, "transA", true);
  const Dim n = dim(1, "transB", false);
  if (ctx.has_input(2)) NPU_CHECK(check_addend(ctx, m, n));
  return std::vector{TensorType::of(dtype, Dims{m, n})};
}

template <class T>
MatrixView<T> view(const Tensor& tensor, bool transposed) {
  const int64_t columns = tensor.shape()[1];
  const T* data = reinterpret_cast<const T*>(tensor.bytes().data());
  return transposed ? MatrixView<T>{data, 1, columns} : MatrixView<T>{data, columns, 1};
}

// alpha or beta in the type of the sums; integer matrices take its integer part, 0 when that does not fit.
template <class T>
T scale(float value) {
  if constexpr (std::is_floating_point_v<T>) return value;
  else return std::abs(value) < 0x1p31f ? static_cast<T>(static_cast<int64_t>(value)) : T(0);
}

template <class T>
void add_scaled(const Tensor& addend, T beta, int64_t m, int64_t n, T* y) {
  const npu::Shape& shape = addend.shape();
  const T* c = reinterpret_cast<const T*>(addend.bytes().data());
  const int64_t columns = shape.empty() ? 1 : shape.back();
  const int64_t rows = shape.size() == 2 ? shape[0] : 1;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) y[i * n + j] += beta * c[(rows == 1 ? 0 : i * columns) + (columns == 1 ? 0 : j)];
}

TensorsResult reference(const EvalContext& ctx) {
  const bool trans_a = ctx.node().int_attr("transA", 0) != 0;
  const bool trans_b = ctx.node().int_attr("transB", 0) != 0;
  Tensor y(ctx.output_dtype(0), ctx.output_shape(0));
  const int64_t m = y.shape()[0];
  const int64_t n = y.shape()[1];
  const int64_t k = ctx.input(0).shape()[trans_a ? 0 : 1];
  visit_product_type(y.dtype(), [&]<class T>() {
    T* out = reinterpret_cast<T*>(y.mutable_bytes().data());
    multiply(m, n, k, view<T>(ctx.input(0), trans_a), view<T>(ctx.input(1), trans_b), out);
    const T alpha = scale<T>(ctx.node().float_attr("alpha", 1));
    const T beta = scale<T>(ctx.node().float_attr("beta", 1));
    if (alpha != T(1))
      for (int64_t i = 0; i < m * n; ++i) out[i] *= alpha;
    if (ctx.has_input(2)) add_scaled(ctx.input(2), beta, m, n, out);
  });
  return std::vector{y};
}

}  // namespace

extern constinit const OpDef Gemm{
    .name = "Gemm",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "alpha * A' * B' + beta * C of matrices; A' and B' are transposed as transA and transB say",
};

}  // namespace npu::op
