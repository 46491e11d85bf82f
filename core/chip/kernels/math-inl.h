// SPDX-License-Identifier: Apache-2.0
// exp and ln in fp32 from operations that give the same bits on every target: add, subtract, multiply, divide, integer
// arithmetic; nothing fused, no library. The error stays below 1.2 ulp of fp32 for exp and 1.6 for ln (2^18 values each, in the
// tests; every fp16 value as well), so the fp16 result is the correctly rounded one or its neighbour in rare near-ties.
#if defined(NPU_KERNELS_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_MATH_INL_H
#undef NPU_KERNELS_MATH_INL_H
#else
#define NPU_KERNELS_MATH_INL_H
#endif

#include <limits>

#include "core/chip/kernels/half-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

HWY_INLINE VF32 constant(float value) { return hn::Set(F32(), value); }

// ln 2 in two parts; the high one has 9 low zero bits, so that n * high is exact for |n| < 512.
inline constexpr float kLn2High = 0x1.62e4p-1f;
inline constexpr float kLn2Low = 0x1.7f7d1cf79abcap-20;

// Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves it in the low bits of the sum. (WebAssembly's
// conversions between floats and integers are many instructions long, as are its minimum and maximum, which take NaN along.)
struct Integer {
  VF32 value;
  hn::Vec<I32> bits;
};
HWY_INLINE Integer round_to_integer(VF32 value) {
  const VF32 magic = fixed<0x1.8p23f>(), sum = hn::Add(value, magic);
  return {hn::Sub(sum, magic), hn::Sub(hn::BitCast(I32(), sum), hn::BitCast(I32(), magic))};
}

// 2^n for n in [-126, 127].
HWY_INLINE VF32 power_of_two(hn::Vec<I32> n) { return hn::BitCast(F32(), hn::ShiftLeft<23>(hn::Add(n, fixed_bits<127>()))); }

// Not for NaN.
template <float kLow, float kHigh>
HWY_INLINE VF32 clamp(VF32 value) {
#if HWY_TARGET == HWY_WASM
  return VF32{wasm_f32x4_pmin(wasm_f32x4_pmax(value.raw, fixed<kLow>().raw), fixed<kHigh>().raw)};
#else
  return hn::Min(hn::Max(value, fixed<kLow>()), fixed<kHigh>());
#endif
}

// Coefficients from the highest power down.
template <float kFirst, float... kRest>
HWY_INLINE VF32 polynomial(VF32 x) {
  VF32 sum = fixed<kFirst>();
  ((sum = hn::Add(hn::Mul(sum, x), fixed<kRest>())), ...);
  return sum;
}

// e^x = 2^n * e^r with |r| <= ln(2)/2; e^r by its series to r^7 (the next term is below 2^-27).
struct ExpParts {
  VF32 e;
  hn::Vec<I32> n;
};
HWY_INLINE ExpParts exp_parts(VF32 x) {
  const auto [n, n_bits] = round_to_integer(hn::Mul(x, fixed<0x1.715476p0f>()));
  const VF32 r = hn::Sub(hn::Sub(x, hn::Mul(n, fixed<kLn2High>())), hn::Mul(n, fixed<kLn2Low>()));
  const VF32 p = polynomial<1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f>(r);
  return {hn::Add(hn::Add(hn::Mul(hn::Mul(r, r), p), r), fixed<1.0f>()), n_bits};
}

HWY_INLINE VF32 exp_f32(VF32 x) {
  const auto [e, n] = exp_parts(clamp<-104.0f, 89.0f>(x));
  // Two factors: the result may be subnormal, or 2^128 on the way to infinity.
  const auto half = hn::ShiftRight<1>(n);
  const VF32 result = hn::Mul(hn::Mul(e, power_of_two(half)), power_of_two(hn::Sub(n, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

// The same bits for |x| < 87, where the result is normal.
HWY_INLINE hn::Mask<F32> exp_is_normal(VF32 x) { return hn::Lt(hn::Abs(x), fixed<87.0f>()); }
HWY_INLINE VF32 exp_normal_f32(VF32 x) {
  const auto [e, n] = exp_parts(x);
  return hn::Mul(e, power_of_two(n));
}

// x = 2^e * m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m-1)/(m+1), by its series to s^11.
HWY_INLINE VF32 ln_f32(VF32 x) {
  const I32 di;
  const auto subnormal = hn::Lt(x, constant(0x1p-126f));
  const VF32 scaled = hn::IfThenElse(subnormal, hn::Mul(x, constant(0x1p23f)), x);
  // Moving the mantissa's range down by sqrt(1/2) makes the exponent field that of the nearest power of two.
  const auto bits = hn::Sub(hn::BitCast(di, scaled), hn::Set(di, 0x3f3504f3));
  const VF32 m = hn::BitCast(F32(), hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, 0x3f3504f3)));
  const VF32 exponent = hn::ConvertTo(F32(), hn::ShiftRight<23>(bits));
  const VF32 e = hn::IfThenElse(subnormal, hn::Sub(exponent, constant(23.0f)), exponent);
  const VF32 f = hn::Sub(m, constant(1.0f));
  const VF32 s = hn::Div(f, hn::Add(f, constant(2.0f)));
  const VF32 z = hn::Mul(s, s);
  VF32 p = constant(2.0f / 11);
  for (float c : {2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3}) p = hn::Add(hn::Mul(p, z), constant(c));
  // 2s = f - s*f, and f is exact.
  const VF32 tail = hn::Mul(s, hn::Sub(hn::Mul(z, p), f));
  const VF32 result = hn::Add(hn::Mul(e, constant(kLn2High)), hn::Add(f, hn::Add(tail, hn::Mul(e, constant(kLn2Low)))));
  const float infinity = std::numeric_limits<float>::infinity();
  const VF32 ordinary = hn::IfThenElse(hn::Eq(x, constant(infinity)), x, result);
  const VF32 zero = hn::IfThenElse(hn::Eq(x, constant(0.0f)), constant(-infinity), ordinary);
  return hn::IfThenElse(hn::Or(hn::Lt(x, constant(0.0f)), hn::IsNaN(x)), constant(std::numeric_limits<float>::quiet_NaN()), zero);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
