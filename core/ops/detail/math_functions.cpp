// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/math_functions.h"

#include "core/ops/detail/pair.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace npu::fixed {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2E = 0x1.71547652b82fep+0;
// ln 2 in two parts; kLn2High has 21 trailing zero bits, so k * kLn2High is exact for every exponent k.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
// Adding and subtracting it rounds to the nearest integer (ties to even) for magnitudes below 2^51.
constexpr double kRounder = 0x1.8p52;

// 2^k for -1022 <= k <= 1023.
constexpr double power_of_two(int k) { return std::bit_cast<double>(static_cast<uint64_t>(k + 1023) << 52); }

// 1/2!, 1/3!, ... 1/14!: the truncated term is below 2^-57 of the result for |r| <= ln(2)/2.
constexpr auto kExpCoefficients = [] {
  std::array<double, 13> c{};
  double factorial = 1;
  for (size_t i = 0; i < c.size(); ++i) c[i] = 1 / (factorial *= static_cast<double>(i + 2));
  return c;
}();

// 2/3, 2/5, ... of 2 atanh(s) = 2s + s^3 (2/3 + 2/5 s^2 + ...).
template <size_t N>
constexpr std::array<double, N> atanh_coefficients() {
  std::array<double, N> c{};
  for (size_t i = 0; i < N; ++i) c[i] = 2 / static_cast<double>(2 * i + 3);
  return c;
}

// e^(x + tail) = 2^k (1 + fraction.high + fraction.low), the low part being the rounding of high.
struct ExpParts {
  int k;
  Pair fraction;
};

// Precondition: |x| < 1100, |tail| tiny beside 1.
ExpParts split_exp(double x, double tail) {
  const double k = (x * kLog2E + kRounder) - kRounder;
  const double high = x - k * kLn2High;
  const double low = tail - k * kLn2Low;
  const Pair r = two_sum(high, low);
  const double curve = r.high * r.high * polynomial(kExpCoefficients, r.high) + r.low * (1 + r.high);
  return {static_cast<int>(k), fast_two_sum(r.high, curve)};
}

// Rounds once in effect, which makes exact powers (3^2, 4^0.5) come out exact.
double one_plus(Pair fraction) {
  const Pair sum = fast_two_sum(1, fraction.high);
  return sum.high + (sum.low + fraction.low);
}

// value * 2^k, in two steps so that subnormal results round once near the end.
double scale(double value, int k) {
  if (k > 1023) return value * 0x1.0p1023 * power_of_two(k - 1023);
  if (k < -1022) return value * power_of_two(k + 1000 < -1022 ? -1022 : k + 1000) * 0x1.0p-1000;
  return value * power_of_two(k);
}

double exp_of_pair(double x, double tail) {
  if (!(x <= 709.79)) return x != x ? x : kInfinity;
  if (x < -745.14) return 0;
  const ExpParts parts = split_exp(x, tail);
  return scale(one_plus(parts.fraction), parts.k);
}

// x = 2^k m with m in [sqrt(1/2), sqrt(2)). Precondition: x is positive and finite.
struct Binary {
  int k;
  double m;
};

Binary split_binary(double x) {
  int k = 0;
  if (x < 0x1.0p-1022) x *= 0x1.0p54, k = -54;
  // Subtracting the bits of sqrt(1/2) puts the carry of the mantissa into the exponent.
  constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
  const uint64_t bits = std::bit_cast<uint64_t>(x) - kSqrtHalf;
  k += static_cast<int>(static_cast<int64_t>(bits) >> 52);
  return {k, std::bit_cast<double>((bits & 0xfffffffffffff) + kSqrtHalf)};
}

// ln(2^k (1 + f) + tail * 2^k): ln(1+f) = 2 atanh(s) = f - s (f - s^2 P(s^2)) with s = f / (2 + f).
double log_of_parts(int k, double f, double tail) {
  constexpr auto kCoefficients = atanh_coefficients<11>();
  const double s = f / (2 + f);
  const double s2 = s * s;
  const double curve = s * (f - s2 * polynomial(kCoefficients, s2));
  const double exponent = k;
  if (k == 0) return f - (curve - tail);
  return exponent * kLn2High + (f - (curve - (exponent * kLn2Low + tail)));
}

// ln(1 + j/128) for j in [-38, 54], by steps of 2 atanh(1 / (2*128 + 2j + 1)).
constexpr int kLogFirst = -38, kLogLast = 54;
constexpr auto kLogTable = [] {
  std::array<Pair, kLogLast - kLogFirst + 1> table{};
  const auto step = [](int j) {  // ln(1 + (j+1)/128) - ln(1 + j/128)
    const Pair s = Pair{1, 0} / Pair{2.0 * (128 + j) + 1, 0};
    const Pair s2 = s * s;
    Pair sum{};
    for (int n = 8; n >= 0; --n) sum = sum * s2 + Pair{2, 0} / Pair{2.0 * n + 1, 0};
    return sum * s;
  };
  for (int j = 0; j < kLogLast; ++j) table[static_cast<size_t>(j + 1 - kLogFirst)] = table[static_cast<size_t>(j - kLogFirst)] + step(j);
  for (int j = -1; j >= kLogFirst; --j) {
    const Pair down = step(j);
    table[static_cast<size_t>(j - kLogFirst)] = table[static_cast<size_t>(j + 1 - kLogFirst)] + Pair{-down.high, -down.low};
  }
  return table;
}();

// ln x to about 70 bits. Precondition: x is positive and finite.
Pair log_pair(double x) {
  constexpr auto kCoefficients = atanh_coefficients<5>();
  constexpr Pair kLn2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
  const auto [k, m] = split_binary(x);
  const double j = (m * 128 + kRounder) - kRounder;  // 91 .. 181
  const double center = j / 128;
  const Pair s = Pair{m - center, 0} / two_sum(m, center);
  const double s2 = s.high * s.high;
  const Pair twice{2 * s.high, 2 * s.low};
  const Pair fraction = fast_two_sum(twice.high, twice.low + s.high * s2 * polynomial(kCoefficients, s2));
  const Pair base = kLogTable[static_cast<size_t>(static_cast<int>(j) - 128 - kLogFirst)];
  const double exponent = k;
  return (Pair{exponent, 0} * kLn2 + base) + fraction;
}

// Around a centre c: erf(c + h) = value + h * polynomial(slope, h).
constexpr size_t kErfTerms = 13;
struct ErfRow {
  Pair value;
  std::array<double, kErfTerms> slope{};
};
constexpr double kErfStep = 0.125;
constexpr size_t kErfRows = 49;  // centres 0 .. 6

// The slope g = erf' obeys g' = -2 x g, which gives its Taylor coefficients by recurrence; each row is the expansion of
// the one before, evaluated one step on in double-double.
constexpr auto kErfTable = [] {
  constexpr int kTerms = 26;
  std::array<ErfRow, kErfRows> table{};
  Pair value{}, slope{0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56};  // erf(0), 2 / sqrt(pi)
  for (size_t row = 0; row < kErfRows; ++row) {
    const double center = static_cast<double>(row) * kErfStep;
    std::array<Pair, kTerms> g{};
    g[0] = slope;
    for (int n = 1; n < kTerms; ++n) {
      const auto at = static_cast<size_t>(n);
      Pair next = g[at - 1] * Pair{-2 * center, 0};
      if (n > 1) next = next + g[at - 2] * Pair{-2, 0};
      g[at] = next / Pair{static_cast<double>(n), 0};
    }
    table[row].value = value;
    for (size_t n = 0; n < kErfTerms; ++n) table[row].slope[n] = g[n].high / static_cast<double>(n + 1);
    Pair area{}, end{};
    for (int n = kTerms - 1; n >= 0; --n) {
      const auto at = static_cast<size_t>(n);
      area = area * Pair{kErfStep, 0} + g[at] / Pair{n + 1.0, 0};
      end = end * Pair{kErfStep, 0} + g[at];
    }
    value = value + area * Pair{kErfStep, 0};
    slope = end;
  }
  return table;
}();

// erf(x)/x - 1 in x^2: 2/sqrt(pi) (-1)^n / (n! (2n+1)), the leading 1 taken out so that its product with x is exact.
constexpr auto kErfSmall = [] {
  constexpr double kSlope = 0x1.20dd750429b6dp+0, kSlopeMinusOne = 0x1.06eba8214db69p-3;
  std::array<double, 14> c{kSlopeMinusOne};
  double factorial = 1;
  for (size_t n = 1; n < c.size(); ++n) {
    factorial *= -static_cast<double>(n);
    c[n] = kSlope / (factorial * static_cast<double>(2 * n + 1));
  }
  return c;
}();

enum class Parity { NotInteger, Even, Odd };

Parity parity_of(double y) {
  const double magnitude = abs_of(y);
  if (magnitude >= 0x1.0p53) return Parity::Even;
  if (floor(magnitude) != magnitude) return Parity::NotInteger;
  return static_cast<int64_t>(magnitude) & 1 ? Parity::Odd : Parity::Even;
}

// |x|^y for x that is zero, infinite or has a y that is; precondition: no NaN, x != 1, y != 0.
double pow_of_extreme(double magnitude, double y) {
  if (magnitude == 1) return 1;
  return (magnitude > 1) == (y > 0) ? kInfinity : 0;
}

}  // namespace

double exp(double x) { return exp_of_pair(x, 0); }

double expm1(double x) {
  if (!(x <= 709.79)) return x != x ? x : kInfinity;
  if (x < -50) return -1;
  if (abs_of(x) < 0x1.0p-60) return x;
  const auto [k, fraction] = split_exp(x, 0);
  if (k == 0) return fraction.high + fraction.low;
  if (k > 1000) return scale(one_plus(fraction), k);
  const double unit = power_of_two(k);
  const Pair power = two_sum(unit, unit * fraction.high);
  const Pair sum = two_sum(power.high, -1);
  return sum.high + (sum.low + (power.low + unit * fraction.low));
}

double log(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : kNaN;
  if (x == kInfinity) return x;
  const auto [k, m] = split_binary(x);
  return log_of_parts(k, m - 1, 0);
}

double log1p(double x) {
  if (!(x > -1)) return x == -1 ? -kInfinity : kNaN;
  if (abs_of(x) < 0x1.0p-60 || x == kInfinity) return x;
  const Pair sum = two_sum(1, x);
  const auto [k, m] = split_binary(sum.high);
  return log_of_parts(k, m - 1, sum.low / sum.high);
}

double tanh(double x) {
  const double magnitude = abs_of(x);
  if (x != x || magnitude < 0x1.0p-28) return x;
  if (magnitude > 22) return with_sign(1, x);
  // t = e^2x - 1, tanh = t / (t + 2), carried in pairs: a plain quotient would be two ulp off.
  const auto [k, fraction] = split_exp(2 * magnitude, 0);
  const double unit = power_of_two(k);
  const Pair t = two_sum(unit - 1, unit * fraction.high) + Pair{unit * fraction.low, 0};
  const Pair quotient = t / (t + Pair{2, 0});
  return with_sign(quotient.high + quotient.low, x);
}

double erf(double x) {
  const double magnitude = abs_of(x);
  if (x != x) return x;
  if (magnitude < 0.5) return x + x * polynomial(kErfSmall, x * x);
  if (magnitude >= 6) return with_sign(1, x);
  const double row = (magnitude * (1 / kErfStep) + kRounder) - kRounder;
  const ErfRow& expansion = kErfTable[static_cast<size_t>(row)];
  const double h = magnitude - row * kErfStep;
  return with_sign(expansion.value.high + (expansion.value.low + h * polynomial(expansion.slope, h)), x);
}

double pow(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNaN;
  const double magnitude = abs_of(x);
  const Parity parity = parity_of(y);
  const bool negative = is_negative(x) && parity == Parity::Odd;
  double result;
  if (magnitude == 0 || magnitude == kInfinity || abs_of(y) == kInfinity) {
    result = pow_of_extreme(magnitude, y);
  } else if (is_negative(x) && parity == Parity::NotInteger) {
    return kNaN;
  } else if (abs_of(y) > 0x1.0p66) {  // |ln x| is 0 or above 2^-54
    result = pow_of_extreme(magnitude, y);
  } else {
    const Pair product = log_pair(magnitude) * Pair{y, 0};
    result = exp_of_pair(product.high, product.low);
  }
  return negative ? -result : result;
}

double sigmoid(double x) { return 1 / (1 + fixed::exp(-x)); }

double softplus(double x) { return x > 0 ? x + log1p(fixed::exp(-x)) : log1p(fixed::exp(x)); }

double round_half_even(double x) {
  const double magnitude = abs_of(x);
  if (!(magnitude < 0x1.0p52)) return x;
  return with_sign((magnitude + 0x1.0p52) - 0x1.0p52, x);
}

double floor(double x) {
  const double rounded = round_half_even(x);
  return rounded > x ? rounded - 1 : rounded;
}

double ceil(double x) { return -fixed::floor(-x); }

}  // namespace npu::fixed
