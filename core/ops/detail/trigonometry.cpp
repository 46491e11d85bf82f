// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/pair.h"

namespace npu::fixed {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Pair kHalfPi{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr double kLn2 = 0x1.62e42fefa39efp-1;

// The first 1280 bits of 2/pi after the point.
constexpr std::array<uint64_t, 20> kTwoOverPi{
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
    0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d};

// 64 bits of 2/pi from bit `first` on, bit 0 being the one worth 1/2; there are zeros before it.
uint64_t bits_of_two_over_pi(int first) {
  const auto word = [](int i) { return i < 0 || i >= static_cast<int>(kTwoOverPi.size()) ? 0 : kTwoOverPi[static_cast<size_t>(i)]; };
  const int index = first >= 0 ? first / 64 : -((63 - first) / 64);
  const int shift = first - index * 64;
  return shift == 0 ? word(index) : word(index) << shift | word(index + 1) >> (64 - shift);
}

struct Product {
  uint64_t high, low;
};

Product multiply(uint64_t a, uint64_t b) {
  const uint64_t a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
  const uint64_t other = a0 * b1 + (middle & 0xffffffff);
  return {a1 * b1 + (middle >> 32) + (other >> 32), (other << 32) | (a0 * b0 & 0xffffffff)};
}

// x = quadrant * pi/2 + rest with |rest| <= pi/4.
struct Reduced {
  unsigned quadrant = 0;
  Pair rest;
};

// The multiples of 4 in x * 2/pi are left out by taking only the 192 bits of 2/pi below them (Payne and Hanek).
Reduced reduce_far(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;  // x = mantissa * 2^exponent; not subnormal here
  const uint64_t mantissa = (bits & 0xfffffffffffff) | uint64_t{1} << 52;
  const int first = exponent - 2;  // the bit worth 2^1 after the multiplication
  const Product low = multiply(mantissa, bits_of_two_over_pi(first + 128));
  const Product middle = multiply(mantissa, bits_of_two_over_pi(first + 64));
  uint64_t words[3] = {mantissa * bits_of_two_over_pi(first), 0, low.low};
  words[1] = middle.low + low.high;
  words[0] += middle.high + (words[1] < low.high);
  // Two bits of quadrant, 190 of fraction; the fraction is taken to the nearest quadrant.
  unsigned quadrant = static_cast<unsigned>(words[0] >> 62);
  words[0] = words[0] << 2 | words[1] >> 62, words[1] = words[1] << 2 | words[2] >> 62, words[2] <<= 2;
  const bool above = words[0] >> 63;
  if (above) {
    ++quadrant;
    words[2] = ~words[2] + 1, words[1] = ~words[1] + (words[2] == 0), words[0] = ~words[0] + (words[2] == 0 && words[1] == 0);
  }
  int zeros = 0;
  while (zeros < 128 && !(words[0] >> 63)) {
    words[0] = words[0] << 1 | words[1] >> 63, words[1] = words[1] << 1 | words[2] >> 63, words[2] <<= 1;
    ++zeros;
  }
  const double unit = std::bit_cast<double>(static_cast<uint64_t>(1023 - zeros) << 52);
  const Pair fraction{static_cast<double>(words[0] >> 11) * 0x1.0p-53 * unit,
                      static_cast<double>((words[0] & 0x7ff) << 42 | words[1] >> 22) * 0x1.0p-106 * unit};
  const Pair rest = fraction * kHalfPi;
  return {quadrant & 3, above ? Pair{-rest.high, -rest.low} : rest};
}

Reduced reduce(double x) {
  const double magnitude = abs_of(x);
  if (magnitude <= 0.7853981633974483) return {0, {x, 0}};
  Reduced reduced = reduce_far(magnitude);
  if (is_negative(x)) reduced = {(4 - reduced.quadrant) & 3, {-reduced.rest.high, -reduced.rest.low}};
  return reduced;
}

// The Taylor coefficients 1/first!, with alternating signs, by steps of two.
template <size_t N>
constexpr std::array<double, N> alternating(int first) {
  std::array<double, N> c{};
  double factorial = 1;
  for (int i = 2; i <= first; ++i) factorial *= i;
  for (size_t n = 0; n < N; ++n) {
    c[n] = (n % 2 ? 1.0 : -1.0) / factorial;
    factorial *= static_cast<double>((first + 1 + 2 * static_cast<int>(n)) * (first + 2 + 2 * static_cast<int>(n)));
  }
  return c;
}

// Precondition: |r| <= pi/4.
double sin_of(Pair r) {
  constexpr auto kCoefficients = alternating<8>(3);
  const double square = r.high * r.high;
  return r.high + (r.high * square * polynomial(kCoefficients, square) + r.low * (1 - 0.5 * square));
}

double cos_of(Pair r) {
  constexpr auto kCoefficients = alternating<8>(4);
  const double square = r.high * r.high;
  const Pair head = fast_two_sum(1, -0.5 * square);
  return head.high + (head.low + (-(square * square) * polynomial(kCoefficients, square) - r.high * r.low));
}

// atan(j/8), by steps of atan((1/8) / (1 + j(j+1)/64)).
constexpr auto kAtanTable = [] {
  std::array<Pair, 9> table{};
  for (int j = 0; j < 8; ++j) {
    const Pair t = Pair{0.125, 0} / Pair{1 + static_cast<double>(j * (j + 1)) / 64, 0};
    const Pair square = t * t;
    Pair sum{};
    for (int n = 20; n >= 0; --n) {
      const Pair term = Pair{n % 2 ? -1.0 : 1.0, 0} / Pair{2.0 * n + 1, 0};
      sum = sum * square + term;
    }
    table[static_cast<size_t>(j + 1)] = table[static_cast<size_t>(j)] + sum * t;
  }
  return table;
}();

// Precondition: 0 <= x <= 1.
Pair atan_of(double x) {
  constexpr std::array<double, 8> kCoefficients{-1.0 / 3, 1.0 / 5, -1.0 / 7, 1.0 / 9, -1.0 / 11, 1.0 / 13, -1.0 / 15, 1.0 / 17};
  const double row = round_half_even(x * 8);
  const double centre = row / 8;
  const double t = (x - centre) / (1 + x * centre);
  const Pair base = kAtanTable[static_cast<size_t>(row)];
  const double square = t * t;
  return fast_two_sum(base.high, base.low + (t + t * square * polynomial(kCoefficients, square)));
}

double atan_of_positive(double x) {
  if (x <= 1) {
    const Pair angle = atan_of(x);
    return angle.high + angle.low;
  }
  const Pair angle = atan_of(1 / x);
  return kHalfPi.high - (angle.high - (kHalfPi.low - angle.low));
}

}  // namespace

double sin(double x) {
  if (!(abs_of(x) < kInfinity)) return kNaN;
  const auto [quadrant, r] = reduce(x);
  const double value = quadrant & 1 ? cos_of(r) : sin_of(r);
  return quadrant & 2 ? -value : value;
}

double cos(double x) {
  if (!(abs_of(x) < kInfinity)) return kNaN;
  const auto [quadrant, r] = reduce(x);
  const double value = quadrant & 1 ? sin_of(r) : cos_of(r);
  return quadrant == 1 || quadrant == 2 ? -value : value;
}

double tan(double x) {
  if (!(abs_of(x) < kInfinity)) return kNaN;
  const auto [quadrant, r] = reduce(x);
  return quadrant & 1 ? -cos_of(r) / sin_of(r) : sin_of(r) / cos_of(r);
}

double atan(double x) {
  if (x != x || abs_of(x) < 0x1.0p-28) return x;
  return with_sign(atan_of_positive(abs_of(x)), x);
}

double asin(double x) {
  const double magnitude = abs_of(x);
  if (!(magnitude <= 1)) return kNaN;
  if (magnitude < 0x1.0p-28) return x;
  if (magnitude == 1) return with_sign(kHalfPi.high, x);
  return with_sign(atan_of_positive(magnitude / std::sqrt((1 - magnitude) * (1 + magnitude))), x);
}

double acos(double x) {
  if (!(abs_of(x) <= 1)) return kNaN;
  if (x == -1) return 2 * kHalfPi.high;
  return 2 * atan_of_positive(std::sqrt((1 - x) / (1 + x)));
}

double sinh(double x) {
  const double magnitude = abs_of(x);
  if (x != x || magnitude < 0x1.0p-28) return x;
  if (magnitude > 709) {
    const double root = fixed::exp(0.5 * magnitude);
    return with_sign(0.5 * root * root, x);
  }
  const double grown = fixed::expm1(magnitude);
  return with_sign(0.5 * (grown + grown / (grown + 1)), x);
}

double cosh(double x) {
  const double magnitude = abs_of(x);
  if (magnitude > 709) {
    const double root = fixed::exp(0.5 * magnitude);
    return 0.5 * root * root;
  }
  const double power = fixed::exp(magnitude);
  return 0.5 * (power + 1 / power);
}

double asinh(double x) {
  const double magnitude = abs_of(x);
  if (x != x || magnitude < 0x1.0p-28) return x;
  if (magnitude > 0x1.0p28) return with_sign(fixed::log(magnitude) + kLn2, x);
  const double square = magnitude * magnitude;
  return with_sign(fixed::log1p(magnitude + square / (1 + std::sqrt(1 + square))), x);
}

double acosh(double x) {
  if (!(x >= 1)) return kNaN;
  if (x > 0x1.0p28) return fixed::log(x) + kLn2;
  const double above = x - 1;
  return fixed::log1p(above + std::sqrt(2 * above + above * above));
}

double atanh(double x) {
  const double magnitude = abs_of(x);
  if (x != x || magnitude < 0x1.0p-28) return x;
  if (magnitude > 1) return kNaN;
  if (magnitude == 1) return with_sign(kInfinity, x);
  return with_sign(0.5 * fixed::log1p(2 * magnitude / (1 - magnitude)), x);
}

}  // namespace npu::fixed
