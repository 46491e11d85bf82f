// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"axis", AttrKind::Int, "0"},
    {"keepdims", AttrKind::Int, "1"},
    {"select_last_index", AttrKind::Int, "0"},
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{unranked(DType::Int64)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.dims.size()));
  if (x.dims[axis] == Dim(0)) return ctx.error(fmt::format("input {} is empty at axis {}", to_string(x.dims), axis));
  Dims dims = x.dims;
  if (ctx.node().int_attr("keepdims", 1) != 0)
    dims[axis] = Dim(1);
  else
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  return std::vector{TensorType::of(DType::Int64, dims)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.shape().size()));
  const bool last = ctx.node().int_attr("select_last_index", 0) != 0;
  const auto size = static_cast<size_t>(x.shape()[axis]);
  const auto inner = static_cast<size_t>(row_major_strides(x.shape())[axis]);
  return visit_class<TypeClass::Number>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(DType::Int64, ctx.output_shape(0));
    const auto out = y.mutable_data<int64_t>();
    for (size_t i = 0; i < out.size(); ++i) {
      const T* lane = x.data<T>().data() + i / inner * size * inner + i % inner;
      size_t best = 0;
      for (size_t k = 1; k < size; ++k) {
        const T value = lane[k * inner];
        const T maximum = lane[best * inner];
        if (value > maximum || (last && value == maximum)) best = k;
      }
      out[i] = static_cast<int64_t>(best);
    }
    return std::vector{y};
  });
}

}  // namespace

extern constinit const OpDef ArgMax{
    .name = "ArgMax",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Index of the largest value along axis; of equal ones the first, or the last with select_last_index",
};

}  // namespace npu::op
