// SPDX-License-Identifier: Apache-2.0
// Elementary functions as series summed in long double, and errors in units of the last place.
#pragma once

#include <algorithm>
#include <cmath>

namespace npu::test {

using Wide = long double;

inline constexpr Wide kLn2 = 0.693147180559945309417232121458176568075500134360255254120680L;
inline constexpr Wide kTwoOverSqrtPi = 1.128379167095512573896158903121545171688101258657997713688171L;

inline Wide exp_series(Wide x) {
  if (std::fabs(x) > 11000) return x > 0 ? static_cast<Wide>(INFINITY) : 0;
  const Wide n = std::nearbyint(x / kLn2), r = x - n * kLn2;
  Wide term = 1, sum = 1;
  for (int i = 1; i < 40; ++i) sum += term *= r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

inline Wide ln_series(Wide x) {
  int exponent = 0;
  Wide m = std::frexp(x, &exponent);
  if (m < 0.70710678L) m *= 2, --exponent;
  const Wide s = (m - 1) / (m + 1);
  Wide power = s, sum = 0;
  for (int i = 1; i < 80; i += 2, power *= s * s) sum += power / i;
  return 2 * sum + exponent * kLn2;
}

// 1 - e^-2x without cancellation for small x.
inline Wide tanh_series(Wide x) {
  if (std::fabs(x) > 30) return x < 0 ? -1 : 1;
  Wide term = 1, e1 = 0;  // e^2x - 1
  if (std::fabs(x) < 0.5L)
    for (int i = 1; i < 60; ++i) e1 += term *= 2 * x / i;
  else e1 = exp_series(2 * x) - 1;
  return e1 / (e1 + 2);
}

inline Wide erf_series(Wide x) {
  if (std::fabs(x) > 7) return x < 0 ? -1 : 1;
  // e^-x^2 times a series of positive terms.
  Wide term = x, sum = x;
  for (int i = 1; i < 400; ++i) sum += term *= 2 * x * x / (2 * i + 1);
  return kTwoOverSqrtPi * exp_series(-x * x) * sum;
}

// Units of the last place of a format with `fraction` bits behind the point.
inline double ulps(double actual, Wide exact, int fraction, int least_exponent) {
  const int exponent = std::max(exact == 0 ? least_exponent : static_cast<int>(std::ilogb(exact)), least_exponent);
  return static_cast<double>(std::fabs(actual - exact) / std::ldexp(Wide{1}, exponent - fraction));
}

// To thousandths, up: what the tables of errors hold.
inline double thousandths(double worst) { return std::ceil(worst * 1000) / 1000; }

}  // namespace npu::test
