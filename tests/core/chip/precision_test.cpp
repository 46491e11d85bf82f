// SPDX-License-Identifier: Apache-2.0
// The fixed algorithms against series summed in long double here, over every fp16 argument, and every conversion at the
// neighbours of every result. The largest errors are those the manual gives (core/isa/precision.def).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <vector>

#include "core/base/half.h"
#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/vector_kernels.h"
#include "core/ops/detail/math_functions.h"
#include "tests/core/chip/rig.h"
#include "tests/core/chip/series.h"
#include "tests/golden.h"

namespace npu {
namespace {

using kernels::VectorOp;
using test::Wide, test::exp_series, test::ln_series, test::tanh_series, test::erf_series, test::ulps, test::thousandths;

struct Row {
  const char* id;  // of the row
  VectorOp op;
  Wide (*exact)(Wide);
  bool (*in_domain)(double);
};
const Row kRows[] = {
    {"Vexp", VectorOp::Exp, exp_series, [](double) { return true; }},
    {"Vln", VectorOp::Ln, ln_series, [](double x) { return x > 0; }},
    {"Vrec", VectorOp::Rec, [](Wide x) { return 1 / x; }, [](double x) { return x != 0; }},
    {"Vsqrt", VectorOp::Sqrt, [](Wide x) { return std::sqrt(x); }, [](double x) { return x >= 0; }},
    {"Vrsqrt", VectorOp::Rsqrt, [](Wide x) { return 1 / std::sqrt(x); }, [](double x) { return x > 0; }},
};

TEST_CASE("exp, ln, rec, sqrt, rsqrt of every fp16 argument, as fp16 and as fp32: the documented errors") {
  std::vector<uint16_t> halves(65536), result(65536);
  std::vector<float> floats(65536), wide(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i), floats[i] = static_cast<float>(test::naive_value(halves[i]));
  for (const kernels::VectorKernels& table : kernels::all_vector_kernels()) {
    std::string file = "// SPDX-License-Identifier: Apache-2.0\n// Written by NPU_REBASE=1 ctest -R core.chip: the largest errors over every f16 argument, in units of the last place of the result as f16 "
                       "and as f32.\n";
    for (const Row& row : kRows) {
      CAPTURE(row.id);
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
      file += fmt::format("NPU_PRECISION({}, {:.3f}, {:.3f})\n", row.id, thousandths(worst16), thousandths(worst32));
    }
    test::check_generated(test::source_dir() / "core/isa/precision.def", file);
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

// What the cube's hf32 makes of fp32 values: x * 1, 16 columns of A at a time. With infinities among the results one at a time,
// because they meet the zeros of B.
std::vector<float> through_hf32(const kernels::CubeKernels& table, const std::vector<float>& values, bool alone) {
  const size_t rows = ((alone ? values.size() : values.size() / 16) + 15) / 16 * 16;
  std::vector<float> a(alone ? rows * 16 : 0), b(256), c(rows * 16);
  for (size_t i = 0; i < 16; ++i) b[i * 17] = 1;
  for (size_t i = 0; alone && i < values.size(); ++i) a[i * 16] = values[i];
  const uint8_t steps[] = {static_cast<uint8_t>(alone ? 1 : 16)};
  table.mad_as[static_cast<size_t>(kernels::Product::Hf32)]({.c = c.data(), .a = alone ? a.data() : values.data(), .b = b.data(), .m = static_cast<int64_t>(rows), .k1 = 1, .n1 = 1, .k_steps = steps});
  if (!alone) return c;
  for (size_t i = 0; i < rows; ++i) c[i] = c[i * 16];
  c.resize(rows);
  return c;
}

// Rounds to 10 fraction bits in double; `exponent` is the field of all values.
int wrong_hf32(const kernels::CubeKernels& table, const std::vector<float>& values, uint32_t exponent) {
  const std::vector<float> actual = through_hf32(table, values, exponent >= 254);
  const double scale = std::ldexp(1.0, 10 + 127 - static_cast<int>(std::max(exponent, 1u))), back = 1 / scale;
  int wrong = 0;
  for (size_t i = 0; i < values.size(); ++i) wrong += actual[i] != static_cast<float>(std::nearbyint(double{values[i]} * scale) * back);
  return wrong;
}

TEST_CASE("hf32: every exponent, every kept fraction, below, at and above each tie: all that rounding can depend on") {
  for (const kernels::CubeKernels& table : kernels::all_cube_kernels()) {
    CAPTURE(table.target);
    int wrong = 0;
    for (uint32_t top = 0; top < 512; ++top) {  // sign and exponent
      if (top % 256 == 255) continue;
      std::vector<float> values;
      for (uint32_t kept = 0; kept < 1024; ++kept)
        for (uint32_t dropped : {0u, 1u, 0x800u, 0xfffu, 0x1000u, 0x1001u, 0x1800u, 0x1fffu}) values.push_back(std::bit_cast<float>(top << 23 | kept << 13 | dropped));
      wrong += wrong_hf32(table, values, top % 256);
    }
    CHECK(wrong == 0);
    const std::vector<float> special = through_hf32(table, {INFINITY, -INFINITY, std::bit_cast<float>(0x7f800001u), std::bit_cast<float>(0xffffffffu)}, true);
    CHECK(special[0] == INFINITY);
    CHECK(special[1] == -INFINITY);
    CHECK(std::isnan(special[2]));
    CHECK(std::isnan(special[3]));
  }
}

TEST_CASE("slow: hf32 of all 2^32 bit patterns" * doctest::skip()) {
  const kernels::CubeKernels& table = kernels::cube_kernels();
  constexpr uint32_t kPiece = 1 << 16;
  std::vector<float> values(kPiece);
  int64_t wrong = 0;
  for (uint32_t top = 0; top < 512; ++top)
    for (uint32_t fraction = 0; fraction < 1 << 23; fraction += kPiece) {
      for (uint32_t i = 0; i < kPiece; ++i) values[i] = std::bit_cast<float>(top << 23 | (fraction + i));
      if (top % 256 < 255) {
        wrong += wrong_hf32(table, values, top % 256);
        continue;
      }
      const std::vector<float> special = through_hf32(table, values, true);
      for (uint32_t i = 0; i < kPiece; ++i) wrong += fraction + i == 0 ? special[i] != values[i] : !std::isnan(special[i]);
    }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace npu
