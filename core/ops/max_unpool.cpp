// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"kernel_shape", AttrKind::Ints, "required"}, kPadsAttr, kStridesAttr};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2})
    if (ctx.has_input(i) && ctx.input(i).dtype != DType::Int64) return ctx.error(fmt::format("input {} is {}, needs int64", i, to_string(ctx.input(i).dtype)));
  if (!x.has_rank) return std::vector{x};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 3));
  if (ctx.has_input(2)) {
    const auto shape = ints_input(ctx, 2);
    if (!shape) return std::vector{unknown_of_rank(x.dtype, rank)};
    if (shape->size() != rank) return ctx.error(fmt::format("output_shape has {} values, X is of shape {}", shape->size(), to_string(x.dims)));
    NPU_CHECK(checked_element_count(*shape, ctx.where()));
    return std::vector{TensorType::of(x.dtype, *shape)};
  }
  NPU_TRY(const auto kernel, read_kernel_shape(ctx.node(), ctx.where(), rank - 2));
  NPU_TRY(const Window window, read_window(ctx.node(), ctx.where(), kernel, kMaxRank));
  Dims dims{x.dims[0], x.dims[1]};
  for (size_t i = 0; i < window.axes.size(); ++i) {
    const WindowAxis& axis = window.axes[i];
    const Dim& in = x.dims[i + 2];
    const int64_t size = (in.value() - 1) * axis.stride - axis.pad_begin - axis.pad_end + axis.kernel;
    if (in.known() && size < 0) return ctx.error(fmt::format("the output is of size {} at axis {}", size, i + 2));
    dims.push_back(in.known() ? Dim(size) : Dim());
  }
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

// The indices are those into the tensor that was pooled, whose shape the attributes give; output_shape may be larger.
TensorsResult reference(const EvalContext& ctx) {
  const Tensor &x = ctx.input(0), &indices = ctx.input(1);
  if (indices.shape() != x.shape()) return ctx.error(fmt::format("indices of shape {} for X of {}", to_string(indices.shape()), to_string(x.shape())));
  Tensor y(x.dtype(), ctx.output_shape(0));
  npu::Shape pooled = y.shape();
  if (ctx.has_input(2)) {
    NPU_TRY(const auto kernel, read_kernel_shape(ctx.node(), ctx.where(), pooled.size() - 2));
    NPU_TRY(const Window window, read_window(ctx.node(), ctx.where(), kernel, kMaxRank));
    pooled = {x.shape()[0], x.shape()[1]};
    for (size_t i = 0; i < window.axes.size(); ++i) {
      const WindowAxis& axis = window.axes[i];
      pooled.push_back(std::max<int64_t>(0, (x.shape()[i + 2] - 1) * axis.stride - axis.pad_begin - axis.pad_end + axis.kernel));
    }
  }
  NPU_TRY(const int64_t count, checked_element_count(pooled, ctx.where()));
  const npu::Shape from = row_major_strides(pooled), to = row_major_strides(y.shape());
  return visit_class<TypeClass::Float>(x.dtype(), [&]<class T>() -> TensorsResult {
    const auto values = x.data<T>();
    const auto out = y.mutable_data<T>();
    const auto at = indices.data<int64_t>();
    for (size_t i = 0; i < values.size(); ++i) {
      if (at[i] < 0 || at[i] >= count) return ctx.error(fmt::format("index {} (element {}) is outside of {}", at[i], i, to_string(pooled)));
      int64_t offset = 0;
      for (size_t axis = 0; axis < pooled.size(); ++axis) {
        const int64_t index = at[i] / from[axis] % pooled[axis];
        if (index >= y.shape()[axis]) return ctx.error(fmt::format("index {} (element {}) is outside of {}", at[i], i, to_string(y.shape())));
        offset += index * to[axis];
      }
      out[static_cast<size_t>(offset)] = values[i];
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef MaxUnpool{
    .name = "MaxUnpool",
    .since = 9,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The elements of X at the indices that a MaxPool gave, zeros elsewhere",
};

}  // namespace npu::op
