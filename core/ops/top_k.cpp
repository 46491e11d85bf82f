// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"axis", AttrKind::Int, "-1"},
    {"k", AttrKind::Int, ""},  // an input from opset 10
    {"largest", AttrKind::Int, "1"},
    {"sorted", AttrKind::Int, "1"},
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  TensorType x = ctx.input(0);
  if (!ctx.has_input(1) && !ctx.node().find_attr("k")) return ctx.error("k is missing");
  std::optional<int64_t> count;
  if (!ctx.has_input(1)) {
    count = ctx.node().int_attr("k", -1);
  } else if (const auto k = ints_input(ctx, 1)) {
    count = k->size() == 1 ? (*k)[0] : -1;
  }
  if (x.has_rank) {
    NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), x.dims.size()));
    if (count && (*count < 0 || (x.dims[axis].known() && *count > x.dims[axis].value())))
      return ctx.error(fmt::format("k={} does not fit axis {} of {}", *count, axis, to_string(x.dims)));
    x.dims[axis] = count ? Dim(*count) : Dim();
  }
  TensorType indices = x;
  indices.dtype = DType::Int64;
  return std::vector{std::move(x), std::move(indices)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -1), x.shape().size()));
  const bool largest = ctx.node().int_attr("largest", 1) != 0;
  const npu::Shape shape = ctx.output_shape(0);
  const auto length = static_cast<size_t>(x.shape()[axis]), k = static_cast<size_t>(shape[axis]);
  const auto inner = static_cast<size_t>(row_major_strides(x.shape())[axis]);
  return visit_class<TypeClass::Number>(x.dtype(), [&]<class T>() -> TensorsResult {
    Tensor values(x.dtype(), shape), indices(DType::Int64, shape);
    const auto out = values.mutable_data<T>();
    const auto at = indices.mutable_data<int64_t>();
    const T* from = x.data<T>().data();
    std::vector<size_t> order(length);
    const size_t lanes = k == 0 ? 0 : out.size() / k;
    for (size_t lane = 0; lane < lanes; ++lane) {
      const T* values_here = from + lane / inner * length * inner + lane % inner;
      std::iota(order.begin(), order.end(), size_t{0});
      // NaN counts as larger than everything; of equal values the one with the lower index comes first.
      const auto before = [&](size_t i, size_t j) {
        const T a = values_here[i * inner], b = values_here[j * inner];
        if (a == b || (a != a && b != b)) return i < j;
        const bool greater = a != a || (b == b && a > b);
        return greater == largest;
      };
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), before);
      for (size_t i = 0; i < k; ++i) {
        const size_t to = (lane / inner * k + i) * inner + lane % inner;
        out[to] = values_here[order[i] * inner];
        at[to] = static_cast<int64_t>(order[i]);
      }
    }
    return std::vector{std::move(values), std::move(indices)};
  });
}

}  // namespace

extern constinit const OpDef TopK{
    .name = "TopK",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 2,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The k largest (or smallest) elements along axis and their indices; always sorted, equal ones by index",
};

}  // namespace npu::op
