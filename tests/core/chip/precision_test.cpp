// SPDX-License-Identifier: Apache-2.0
// The fixed algorithms against series summed in long double here, over every fp16 argument, and every conversion at the
// neighbours of every result. The largest errors are those the README's table gives.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "core/base/half.h"
#include "core/chip/kernels/vector_kernels.h"
#include "core/ops/detail/math_functions.h"
#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using kernels::VectorOp;
using Wide = long double;

constexpr Wide kLn2 = 0.693147180559945309417232121458176568075500134360255254120680L;
constexpr Wide kTwoOverSqrtPi = 1.128379167095512573896158903121545171688101258657997713688171L;

Wide exp_series(Wide x) {
  const Wide n = std::nearbyint(x / kLn2), r = x - n * kLn2;
  Wide term = 1, sum = 1;
  for (int i = 1; i < 40; ++i) sum += term *= r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

Wide ln_series(Wide x) {
  int exponent = 0;
  Wide m = std::frexp(x, &exponent);
  if (m < 0.70710678L) m *= 2, --exponent;
  const Wide s = (m - 1) / (m + 1);
  Wide power = s, sum = 0;
  for (int i = 1; i < 80; i += 2, power *= s * s) sum += power / i;
  return 2 * sum + exponent * kLn2;
}

// 1 - e^-2x without cancellation for small x.
Wide tanh_series(Wide x) {
  if (std::fabs(x) > 30) return x < 0 ? -1 : 1;
  Wide term = 1, e1 = 0;  // e^2x - 1
  if (std::fabs(x) < 0.5L)
    for (int i = 1; i < 60; ++i) e1 += term *= 2 * x / i;
  else e1 = exp_series(2 * x) - 1;
  return e1 / (e1 + 2);
}

Wide erf_series(Wide x) {
  if (std::fabs(x) > 7) return x < 0 ? -1 : 1;
  // e^-x^2 times a series of positive terms.
  Wide term = x, sum = x;
  for (int i = 1; i < 400; ++i) sum += term *= 2 * x * x / (2 * i + 1);
  return kTwoOverSqrtPi * exp_series(-x * x) * sum;
}

// Units of the last place of a format with `fraction` bits behind the point.
double ulps(double actual, Wide exact, int fraction, int least_exponent) {
  const int exponent = std::max(exact == 0 ? least_exponent : static_cast<int>(std::ilogb(exact)), least_exponent);
  return static_cast<double>(std::fabs(actual - exact) / std::ldexp(Wide{1}, exponent - fraction));
}

struct Row {
  const char* name;
  VectorOp op;
  Wide (*exact)(Wide);
  bool (*in_domain)(double);
  double f16, f32;  // the README's table: largest errors over every fp16 argument, in thousandths rounded up
};
const Row kRows[] = {
    {"exp", VectorOp::Exp, exp_series, [](double) { return true; }, 0.501, 0.911},
    {"ln", VectorOp::Ln, ln_series, [](double x) { return x > 0; }, 0.501, 0.775},
    {"rec", VectorOp::Rec, [](Wide x) { return 1 / x; }, [](double x) { return x != 0; }, 0.5, 0.5},
    {"sqrt", VectorOp::Sqrt, [](Wide x) { return std::sqrt(x); }, [](double x) { return x >= 0; }, 0.5, 0.5},
    {"rsqrt", VectorOp::Rsqrt, [](Wide x) { return 1 / std::sqrt(x); }, [](double x) { return x > 0; }, 0.5, 1.316},
};

double thousandths(double worst) { return std::ceil(worst * 1000) / 1000; }

TEST_CASE("exp, ln, rec, sqrt, rsqrt of every fp16 argument, as fp16 and as fp32: the documented errors") {
  std::vector<uint16_t> halves(65536), result(65536);
  std::vector<float> floats(65536), wide(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i), floats[i] = static_cast<float>(test::naive_value(halves[i]));
  for (const kernels::VectorKernels& table : kernels::all_vector_kernels())
    for (const Row& row : kRows) {
      CAPTURE(row.name);
      table.vector[static_cast<size_t>(row.op)][0]({.dst = result.data(), .src0 = halves.data(), .bytes = 131072, .limit = 65536});
      table.vector[static_cast<size_t>(row.op)][1]({.dst = wide.data(), .src0 = floats.data(), .bytes = 262144, .limit = 65536});
      double worst16 = 0, worst32 = 0;
      for (size_t i = 0; i < halves.size(); ++i) {
        const double x = test::naive_value(halves[i]);
        if (!std::isfinite(x) || !row.in_domain(x)) continue;
        const Wide exact = row.exact(x);
        if (std::fabs(exact) < 65520 && std::isfinite(test::naive_value(result[i]))) worst16 = std::max(worst16, ulps(test::naive_value(result[i]), exact, 10, -14));
        if (std::fabs(exact) < 3.4e38L && std::isfinite(wide[i])) worst32 = std::max(worst32, ulps(wide[i], exact, 23, -126));
        // What overflows in one overflows in the other.
        CHECK(std::isinf(test::naive_value(result[i])) == (std::fabs(exact) >= 65520));
      }
      CHECK(thousandths(worst16) == row.f16);
      CHECK(thousandths(worst32) == row.f32);
    }
}

TEST_CASE("tanh and erf of every fp16 argument: correctly rounded to fp16 and fp32 but for ties no double tells apart") {
  double worst_tanh = 0, worst_erf = 0;
  for (int i = 0; i < 65536; ++i) {
    const double x = test::naive_value(static_cast<uint16_t>(i));
    if (!std::isfinite(x)) continue;
    worst_tanh = std::max(worst_tanh, ulps(fixed::tanh(x), tanh_series(x), 52, -1022));
    worst_erf = std::max(worst_erf, ulps(fixed::erf(x), erf_series(x), 52, -1022));
  }
  // In units of a double's last place; fp16 and fp32 results are these, rounded once.
  CHECK(worst_tanh < 0.80);
  CHECK(worst_erf < 0.80);
}

TEST_CASE("bf16: every value widens exactly, every tie and its neighbours round to even") {
  int wrong = 0;
  for (uint32_t b = 0; b < 0x7f80; ++b) {
    const float low = std::bit_cast<float>(b << 16), high = std::bit_cast<float>((b + 1) << 16);
    wrong += bfloat_bits_to_float(static_cast<uint16_t>(b)) != low;
    const uint32_t tie = (b << 16) + 0x8000;
    for (uint32_t bits : {b << 16, (b << 16) + 1, tie - 1, tie, tie + 1, (b << 16) + 0xffff}) {
      const double value = std::bit_cast<float>(bits), middle = (double{low} + (b + 1 == 0x7f80 ? 0x1p128 : double{high})) / 2;
      const uint32_t expected = value < middle || (value == middle && b % 2 == 0) ? b : b + 1;
      wrong += float_to_bfloat_bits(std::bit_cast<float>(bits)) != expected;
      wrong += float_to_bfloat_bits(std::bit_cast<float>(bits | 0x80000000u)) != (expected | 0x8000u);
    }
  }
  CHECK(wrong == 0);
  for (uint32_t nan : {0x7f800001u, 0x7fc00000u, 0xffffffffu}) CHECK((float_to_bfloat_bits(std::bit_cast<float>(nan)) & 0x7fff) > 0x7f80);
}

}  // namespace
}  // namespace npu
