// SPDX-License-Identifier: Apache-2.0
// Element by element operators over dtypes. Float16 and BFloat16 never reach a reference (they arrive as Float32).
// float functions are computed in double and rounded once; float arithmetic is IEEE single; integers wrap.
#pragma once

#include <functional>
#include <type_traits>

#include "core/ops/detail/broadcast.h"

namespace npu::detail {

enum class TypeClass : uint8_t { Any, Number, SignedNumber, Float, Integer, Bool };

inline bool is_in(DType dtype, TypeClass types) {
  const bool is_unsigned = dtype == DType::UInt8 || dtype == DType::UInt16 || dtype == DType::UInt32 || dtype == DType::UInt64;
  if (is_narrow(dtype) || is_string(dtype)) return types == TypeClass::Any;
  switch (types) {
    case TypeClass::Any: return true;
    case TypeClass::Number: return dtype != DType::Bool;
    case TypeClass::SignedNumber: return dtype != DType::Bool && !is_unsigned;
    case TypeClass::Float: return is_float(dtype);
    case TypeClass::Integer: return dtype != DType::Bool && !is_float(dtype);
    case TypeClass::Bool: return dtype == DType::Bool;
  }
  return false;
}

inline Status require_type(const InferContext& ctx, size_t i, TypeClass types) {
  constexpr std::string_view kNames[] = {"any type",           "a number", "a signed number", "a floating-point type",
                                         "an integer type", "bool"};
  if (is_in(ctx.input(i).dtype, types)) return {};
  return ctx.error(fmt::format("input {} is {}, needs {}", i, to_string(ctx.input(i).dtype), kNames[static_cast<size_t>(types)]));
}

template <TypeClass types>
TypesResult infer_unary(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, types));
  return std::vector{ctx.input(0)};
}

// All inputs of one dtype of the class, broadcast together; the output is of that dtype, or bool.
template <TypeClass types, bool gives_bool = false>
TypesResult infer_broadcast(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, types));
  std::vector<size_t> all;
  for (size_t i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
    NPU_CHECK(require_same_dtype(ctx, i));
    all.push_back(i);
  }
  NPU_TRY(auto type, broadcast_inputs(ctx, gives_bool ? DType::Bool : ctx.input(0).dtype, all));
  return std::vector{std::move(type)};
}

// Calls f.operator()<T>() for the type of a class; others cannot arrive.
template <TypeClass types, class F>
TensorsResult visit_class(DType dtype, F&& f) {
  return visit_dtype(dtype, [&]<class T>() -> TensorsResult {
    constexpr bool is_bool = std::is_same_v<T, bool>;
    constexpr bool wanted = types == TypeClass::Any            ? true
                            : types == TypeClass::Number       ? !is_bool
                            : types == TypeClass::SignedNumber ? std::is_signed_v<T>
                            : types == TypeClass::Float        ? std::is_floating_point_v<T>
                            : types == TypeClass::Integer      ? std::is_integral_v<T> && !is_bool
                                                               : is_bool;
    if constexpr (std::is_arithmetic_v<T> && wanted) return f.template operator()<T>();
    return fail(ErrorKind::InvalidArgument, "reference", fmt::format("{} is not an element type here", to_string(dtype)));
  });
}

// f(T) -> T on every element.
template <TypeClass types, class F>
TensorsResult map_elements(const EvalContext& ctx, F f) {
  const Tensor& input = ctx.input(0);
  return visit_class<types>(input.dtype(), [&]<class T>() -> TensorsResult {
    Tensor output(input.dtype(), input.shape());
    const T* from = input.data<T>().data();
    T* to = output.mutable_data<T>().data();
    const int64_t count = output.elements();
    for (int64_t i = 0; i < count; ++i) to[i] = f(from[i]);
    return std::vector{std::move(output)};
  });
}

// NaN stays.
inline double clamp_unit(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

// f(double) -> double on every element of a float or double tensor.
template <class F>
TensorsResult map_floats(const EvalContext& ctx, F f) {
  return map_elements<TypeClass::Float>(ctx, [f]<class T>(T x) { return static_cast<T>(f(static_cast<double>(x))); });
}

// A parameterless function of double as the whole reference: .reference = reference_floats<fixed::exp>.
template <double (*function)(double)>
TensorsResult reference_floats(const EvalContext& ctx) {
  return map_floats(ctx, [](double x) { return function(x); });
}

// F()(T) -> T as the whole reference.
template <TypeClass types, class F>
TensorsResult reference_elements(const EvalContext& ctx) {
  return map_elements<types>(ctx, F());
}

template <class Out, class T, class F>
Tensor map_pair(const Tensor& a, const Tensor& b, DType out, F f) {
  Tensor output(out, broadcast_shapes(a.shape(), b.shape()));
  broadcast_binary(output.mutable_data<Out>(), output.shape(), a.data<T>(), a.shape(), b.data<T>(), b.shape(), f);
  return output;
}

// F()(T, T) -> T over all inputs from the left: binary and variadic operators.
template <TypeClass types, class F>
TensorsResult reference_fold(const EvalContext& ctx) {
  return visit_class<types>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    Tensor sum = ctx.input(0);
    for (size_t i = 1; i < ctx.input_count(); ++i) sum = map_pair<T, T>(sum, ctx.input(i), sum.dtype(), F());
    return std::vector{std::move(sum)};
  });
}

// F()(T, T) -> bool.
template <TypeClass types, class F>
TensorsResult reference_compare(const EvalContext& ctx) {
  return visit_class<types>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    return std::vector{map_pair<bool, T>(ctx.input(0), ctx.input(1), DType::Bool, F())};
  });
}

// Integer arithmetic modulo 2^bits: the unsigned result truncated; floats as they are.
template <class T, class F>
constexpr T wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return f(a, b);
  }
}

struct WrappingAdd {
  template <class T> T operator()(T a, T b) const { return wrapping(a, b, std::plus<>()); }
};
struct WrappingSubtract {
  template <class T> T operator()(T a, T b) const { return wrapping(a, b, std::minus<>()); }
};
struct WrappingMultiply {
  template <class T> T operator()(T a, T b) const { return wrapping(a, b, std::multiplies<>()); }
};

// The first zero among the divisors of an integer division is an error.
Status require_nonzero(const EvalContext& ctx, size_t input);

}  // namespace npu::detail
