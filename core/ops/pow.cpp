// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  NPU_CHECK(require_type(ctx, 1, TypeClass::Number));
  NPU_TRY(auto type, broadcast_inputs(ctx, ctx.input(0).dtype, {0, 1}));
  return std::vector{std::move(type)};
}

// base^exponent modulo 2^64; a negative exponent gives the reciprocal truncated to an integer.
template <class T>
T integer_power(T base, int64_t exponent) {
  if (exponent < 0) {
    if (base == T{1}) return base;
    if (std::is_signed_v<T> && base == static_cast<T>(-1)) return exponent % 2 ? base : T{1};
    return T{0};
  }
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (; exponent; exponent >>= 1, square *= square)
    if (exponent & 1) result *= square;
  return static_cast<T>(result);
}

template <class A, class B>
A power(A base, B exponent) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    return integer_power(base, static_cast<int64_t>(exponent));
  } else {
    const double x = static_cast<double>(base);
    const double result = exponent == B{2} ? x * x : fixed::pow(x, static_cast<double>(exponent));
    if constexpr (std::is_floating_point_v<A>) return static_cast<A>(result);
    // Conversions out of range are undefined in C++.
    else if (!(result > -0x1.0p63 && result < 0x1.0p63)) return A{0};
    else return static_cast<A>(static_cast<int64_t>(result));
  }
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const Tensor& y = ctx.input(1);
  return visit_class<TypeClass::Number>(x.dtype(), [&]<class A>() {
    return visit_class<TypeClass::Number>(y.dtype(), [&]<class B>() -> TensorsResult {
      Tensor output(x.dtype(), ctx.output_shape(0));
      broadcast_binary(output.mutable_data<A>(), output.shape(), x.data<A>(), x.shape(), y.data<B>(), y.shape(), power<A, B>);
      return std::vector{std::move(output)};
    });
  });
}

}  // namespace

extern constinit const OpDef Pow{
    .name = "Pow",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "X to the power of Y with broadcasting, in the type of X",
};

}  // namespace npu::op
