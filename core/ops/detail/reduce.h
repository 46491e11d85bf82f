// SPDX-License-Identifier: Apache-2.0
// The Reduce operators: axes from the attribute or the input, and a function of the values that fall together.
#pragma once

#include <type_traits>

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

namespace npu::detail {

inline constexpr AttrDef kReduceAttrs[] = {
    {"axes", AttrKind::Ints, ""},  // an input from opset 13 (ReduceSum) or 18 (the others)
    {"keepdims", AttrKind::Int, "1"},
    {"noop_with_empty_axes", AttrKind::Int, "0"},
};

// The type of input 0 without the reduced axes.
TypesResult infer_reduce_type(const InferContext& ctx);

// Input 0 as a matrix: one row per output element, holding the values that are reduced to it in row-major order.
struct ReduceRows {
  Tensor values;
  size_t length;
};
Result<ReduceRows> reduce_rows(const EvalContext& ctx);

template <TypeClass types>
TypesResult infer_reduce(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, types));
  return infer_reduce_type(ctx);
}

// F()(span of T) -> T for every output element.
template <TypeClass types, class F>
TensorsResult reference_reduce(const EvalContext& ctx) {
  NPU_TRY(const auto rows, reduce_rows(ctx));
  return visit_class<types>(rows.values.dtype(), [&]<class T>() -> TensorsResult {
    Tensor output(ctx.output_dtype(0), ctx.output_shape(0));
    const auto values = rows.values.data<T>();
    const auto target = output.mutable_data<T>();
    for (size_t i = 0; i < target.size(); ++i) target[i] = F()(values.subspan(i * rows.length, rows.length));
    return std::vector{std::move(output)};
  });
}

// Floats are summed in double and rounded once; integers wrap.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

// Sum of f(value as Accumulator).
template <class T, class F>
Accumulator<T> accumulate(std::span<const T> values, F f) {
  Accumulator<T> sum = 0;
  for (const T value : values) sum += f(static_cast<Accumulator<T>>(value));
  return sum;
}

}  // namespace npu::detail
