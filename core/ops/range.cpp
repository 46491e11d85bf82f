// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// How many steps of delta lead from start to below limit.
template <class Context>
Result<int64_t> count_of(const Context& ctx, const Tensor& start, const Tensor& limit, const Tensor& delta) {
  for (const Tensor* value : {&start, &limit, &delta})
    if (value->elements() != 1) return ctx.error(fmt::format("start, limit and delta are scalars, one is of shape {}", to_string(value->shape())));
  double count;
  if (is_float(start.dtype())) {
    count = fixed::ceil((limit.to_doubles()[0] - start.to_doubles()[0]) / delta.to_doubles()[0]);
  } else {
    // Unsigned distances: the difference of two int64 may not fit one.
    const int64_t from = start.to_ints()[0], to = limit.to_ints()[0], step = delta.to_ints()[0];
    const bool up = step > 0;
    if (step == 0) return ctx.error("delta 0");
    if (up ? from >= to : from <= to) return 0;
    const uint64_t distance = up ? static_cast<uint64_t>(to) - static_cast<uint64_t>(from) : static_cast<uint64_t>(from) - static_cast<uint64_t>(to);
    const uint64_t stride = up ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
    count = static_cast<double>((distance - 1) / stride + 1);
  }
  if (!(count < 0x1.0p40)) return ctx.error(fmt::format("a range of {} elements", count));
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  for (size_t i : {1, 2}) NPU_CHECK(require_same_dtype(ctx, i));
  const DType dtype = ctx.input(0).dtype;
  const Tensor *start = ctx.constant(0), *limit = ctx.constant(1), *delta = ctx.constant(2);
  if (!start || !limit || !delta) return std::vector{unknown_of_rank(dtype, 1)};
  NPU_TRY(const int64_t count, count_of(ctx, *start, *limit, *delta));
  return std::vector{TensorType::of(dtype, npu::Shape{count})};
}

TensorsResult reference(const EvalContext& ctx) {
  return visit_class<TypeClass::Number>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    Tensor output(ctx.input(0).dtype(), ctx.output_shape(0));
    const T start = ctx.input(0).data<T>()[0], delta = ctx.input(2).data<T>()[0];
    const auto values = output.mutable_data<T>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>) values[i] = static_cast<T>(start + static_cast<double>(i) * delta);
      else values[i] = WrappingAdd()(start, WrappingMultiply()(static_cast<T>(i), delta));
    }
    return std::vector{std::move(output)};
  });
}

}  // namespace

extern constinit const OpDef Range{
    .name = "Range",
    .since = 11,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "start, start + delta, ... up to but without limit",
};

}  // namespace npu::op
