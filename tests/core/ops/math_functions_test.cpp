// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/math_functions.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

using namespace npu;

namespace {

using Generator = std::function<double(std::mt19937_64&)>;

double uniform(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1.0p-53);
}

Generator between(double low, double high) {
  return [=](std::mt19937_64& random) { return uniform(random, low, high); };
}

// Magnitudes spread evenly over the exponents.
Generator scales(double low, double high, bool both_signs) {
  return [=](std::mt19937_64& random) {
    const double magnitude = std::exp2(uniform(random, low, high));
    return both_signs && random() % 2 ? -magnitude : magnitude;
  };
}

double ulp_of(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::ldexp(1.0, std::max(exponent, -1021) - 53);
}

// libm in long double where that is wider and honest; else in double, whose own error is allowed for.
constexpr bool kWide = std::numeric_limits<long double>::digits == 64;
constexpr double kAllowance = kWide ? 0 : 2;

template <class Reference>
double worst_error(double (*function)(double), Reference reference, const Generator& generate) {
  std::mt19937_64 random(7);
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = generate(random);
    const long double expected = kWide ? reference(static_cast<long double>(x)) : static_cast<long double>(reference(x));
    const double rounded = static_cast<double>(expected);
    if (!std::isfinite(rounded) || std::fabs(rounded) < 0x1.0p-1022) continue;
    const double error = static_cast<double>(std::fabs(static_cast<long double>(function(x)) - expected)) / ulp_of(rounded);
    if (error > worst || error != error) worst = error;
  }
  return worst;
}

bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::fabs(a - b) <= 1e-15 * std::fabs(b) || (a == b && std::signbit(a) == std::signbit(b));
}

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kSpecial[] = {0.0, -0.0, 1.0, -1.0, kInf, -kInf, std::nan(""), 0.5, -0.5, 2.0, -3.0, 1e300, -1e300, 1e-310,
                           -1e-310, 0x1.0p53 + 2, -0x1.0p53, 709.9, -745.2, -744.0, 7.5, 0.49999999999999994, 4503599627370497.5};

#define NPU_FUNCTION(name) [](auto x) { return std::name(x); }

}  // namespace

TEST_CASE("the fixed functions stay below their documented errors in ulp") {
  CHECK(worst_error(fixed::exp, NPU_FUNCTION(exp), between(-708, 709.7)) < 0.65 + kAllowance);
  CHECK(worst_error(fixed::exp, NPU_FUNCTION(exp), between(-2, 2)) < 0.65 + kAllowance);
  CHECK(worst_error(fixed::expm1, NPU_FUNCTION(expm1), between(-3, 3)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::expm1, NPU_FUNCTION(expm1), scales(-70, 9.4, true)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::log, NPU_FUNCTION(log), scales(-1074, 1023, false)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::log, NPU_FUNCTION(log), between(0.5, 2)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::log1p, NPU_FUNCTION(log1p), between(-0.999, 3)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::log1p, NPU_FUNCTION(log1p), scales(-70, 100, false)) < 0.98 + kAllowance);
  CHECK(worst_error(fixed::tanh, NPU_FUNCTION(tanh), between(-3, 3)) < 0.80 + kAllowance);
  CHECK(worst_error(fixed::tanh, NPU_FUNCTION(tanh), scales(-40, 5, true)) < 0.80 + kAllowance);
  CHECK(worst_error(fixed::erf, NPU_FUNCTION(erf), between(-3, 3)) < 0.80 + kAllowance);
  CHECK(worst_error(fixed::erf, NPU_FUNCTION(erf), scales(-40, 3, true)) < 0.80 + kAllowance);
}

TEST_CASE("trigonometric and hyperbolic functions stay below their documented errors in ulp") {
  for (const auto& arguments : {between(-1, 1), between(-100, 100), scales(-30, 60, true), scales(60, 1000, true)}) {
    CHECK(worst_error(fixed::sin, NPU_FUNCTION(sin), arguments) < 1.0 + kAllowance);
    CHECK(worst_error(fixed::cos, NPU_FUNCTION(cos), arguments) < 1.0 + kAllowance);
    CHECK(worst_error(fixed::tan, NPU_FUNCTION(tan), arguments) < 2.5 + kAllowance);
  }
  CHECK(worst_error(fixed::atan, NPU_FUNCTION(atan), between(-2, 2)) < 2.0 + kAllowance);
  CHECK(worst_error(fixed::atan, NPU_FUNCTION(atan), scales(-60, 60, true)) < 2.0 + kAllowance);
  CHECK(worst_error(fixed::asin, NPU_FUNCTION(asin), between(-1, 1)) < 3.5 + kAllowance);
  CHECK(worst_error(fixed::acos, NPU_FUNCTION(acos), between(-1, 1)) < 4 + kAllowance);
  CHECK(worst_error(fixed::sinh, NPU_FUNCTION(sinh), between(-700, 700)) < 3 + kAllowance);
  CHECK(worst_error(fixed::sinh, NPU_FUNCTION(sinh), scales(-60, 3, true)) < 3 + kAllowance);
  CHECK(worst_error(fixed::cosh, NPU_FUNCTION(cosh), between(-700, 700)) < 2.5 + kAllowance);
  CHECK(worst_error(fixed::asinh, NPU_FUNCTION(asinh), scales(-60, 100, true)) < 4 + kAllowance);
  CHECK(worst_error(fixed::acosh, NPU_FUNCTION(acosh), between(1, 10)) < 4 + kAllowance);
  CHECK(worst_error(fixed::acosh, NPU_FUNCTION(acosh), scales(1, 100, false)) < 4 + kAllowance);
  CHECK(worst_error(fixed::atanh, NPU_FUNCTION(atanh), between(-0.9999, 0.9999)) < 4 + kAllowance);
  CHECK(worst_error(fixed::atanh, NPU_FUNCTION(atanh), scales(-60, -1, true)) < 4 + kAllowance);
}

TEST_CASE("pow stays below its documented error, also near 1 and with large exponents") {
  std::mt19937_64 random(11);
  double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    double x = std::exp2(uniform(random, -20, 20)), y = uniform(random, -40, 40);
    if (i % 4 == 0) x = 1 + (x - 1) * 1e-7, y *= 100;
    const double result = fixed::pow(x, y);
    if (!std::isfinite(result) || result < 0x1.0p-1022) continue;
    const auto error = std::fabs(static_cast<long double>(result) - (kWide ? std::pow(static_cast<long double>(x), static_cast<long double>(y)) : std::pow(x, y)));
    worst = std::max(worst, static_cast<double>(error) / ulp_of(result));
  }
  CHECK(worst < 0.65 + kAllowance);
}

TEST_CASE("exact powers are exact") {
  for (int base = -9; base <= 9; ++base)
    for (int exponent = 0; exponent <= 15; ++exponent) {
      double expected = 1;
      for (int i = 0; i < exponent; ++i) expected *= base;
      CHECK(fixed::pow(base, exponent) == expected);
    }
  for (int root = 1; root < 1000; ++root) CHECK(fixed::pow(double(root) * root, 0.5) == root);
}

TEST_CASE("special values follow C Annex F") {
  for (double x : kSpecial) {
    CAPTURE(x);
    CHECK(same(fixed::exp(x), std::exp(x)));
    CHECK(same(fixed::expm1(x), std::expm1(x)));
    CHECK(same(fixed::log(x), std::log(x)));
    CHECK(same(fixed::log1p(x), std::log1p(x)));
    CHECK(same(fixed::tanh(x), std::tanh(x)));
    CHECK(same(fixed::erf(x), std::erf(x)));
    CHECK(same(fixed::sin(x), std::sin(x)));
    CHECK(same(fixed::cos(x), std::cos(x)));
    CHECK(same(fixed::tan(x), std::tan(x)));
    CHECK(same(fixed::atan(x), std::atan(x)));
    CHECK(same(fixed::asin(x), std::asin(x)));
    CHECK(same(fixed::acos(x), std::acos(x)));
    CHECK(same(fixed::sinh(x), std::sinh(x)));
    CHECK(same(fixed::cosh(x), std::cosh(x)));
    CHECK(same(fixed::asinh(x), std::asinh(x)));
    CHECK(same(fixed::acosh(x), std::acosh(x)));
    CHECK(same(fixed::atanh(x), std::atanh(x)));
    CHECK(same(fixed::floor(x), std::floor(x)));
    CHECK(same(fixed::ceil(x), std::ceil(x)));
    CHECK(same(fixed::round_half_even(x), std::nearbyint(x)));
    for (double y : kSpecial) {
      CAPTURE(y);
      CHECK(same(fixed::pow(x, y), std::pow(x, y)));
    }
  }
}

TEST_CASE("the same bits on every target") {
  // FNV-1a over the results of 20000 fixed arguments; computed on x86-64, checked wherever this test runs.
  std::mt19937_64 random(3);
  uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&](double value) { hash = (hash ^ std::bit_cast<uint64_t>(value)) * 0x100000001b3; };
  for (int i = 0; i < 20'000; ++i) {
    const double x = uniform(random, -20, 20), y = uniform(random, 0, 30);
    for (auto* function : {fixed::exp, fixed::expm1, fixed::tanh, fixed::erf, fixed::sigmoid, fixed::softplus}) mix(function(x));
    for (auto* function : {fixed::log, fixed::log1p}) mix(function(y));
    mix(fixed::pow(y, x));
  }
  CHECK(hash == 0x6494179f42d8a12);
}
