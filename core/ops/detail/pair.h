// SPDX-License-Identifier: Apache-2.0
// Arithmetic on unevaluated sums of two doubles, for the elementary functions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace npu::fixed {

constexpr double abs_of(double x) { return std::bit_cast<double>(std::bit_cast<uint64_t>(x) & ~(uint64_t{1} << 63)); }
constexpr bool is_negative(double x) { return std::bit_cast<uint64_t>(x) >> 63; }
constexpr double with_sign(double magnitude, double sign) { return is_negative(sign) ? -magnitude : magnitude; }

// An unevaluated sum of two doubles, |low| at most half an ulp of high: about 104 bits.
struct Pair {
  double high = 0;
  double low = 0;
};

// Exact a + b where |a| >= |b| or a == 0.
constexpr Pair fast_two_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

constexpr Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

// Exact a * b (Dekker), by splitting both into 26-bit halves; no overflow for magnitudes below 2^996.
constexpr Pair two_product(double a, double b) {
  constexpr double kSplit = 0x1.0p27 + 1;
  const double a_scaled = a * kSplit, b_scaled = b * kSplit;
  const double a_high = a_scaled - (a_scaled - a), b_high = b_scaled - (b_scaled - b);
  const double a_low = a - a_high, b_low = b - b_high;
  const double product = a * b;
  return {product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)};
}

constexpr Pair operator+(Pair a, Pair b) {
  const Pair sum = two_sum(a.high, b.high);
  return fast_two_sum(sum.high, sum.low + (a.low + b.low));
}

constexpr Pair operator*(Pair a, Pair b) {
  const Pair product = two_product(a.high, b.high);
  return fast_two_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

constexpr Pair operator/(Pair a, Pair b) {
  const double quotient = a.high / b.high;
  const Pair back = two_product(quotient, b.high);
  const double rest = ((a.high - back.high) - back.low) + a.low - quotient * b.low;
  return fast_two_sum(quotient, rest / b.high);
}

// c[0] + x c[1] + x^2 c[2] + ...
template <size_t N>
constexpr double polynomial(const std::array<double, N>& c, double x) {
  double sum = c[N - 1];
  for (size_t i = N - 1; i-- > 0;) sum = sum * x + c[i];
  return sum;
}

}  // namespace npu::fixed
