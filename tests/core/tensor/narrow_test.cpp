// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/narrow.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "core/tensor/tensor.h"

using namespace npu;

namespace {

constexpr DType kFloats[] = {DType::Float8E4M3FN, DType::Float8E4M3FNUZ, DType::Float8E5M2, DType::Float8E5M2FNUZ, DType::Float4E2M1};

int code_count(DType dtype) { return dtype == DType::Float4E2M1 ? 16 : 256; }

// The code whose value is nearest, of two that are equally near the even one: by trying all.
uint8_t nearest(DType dtype, float value) {
  int best = -1;
  double best_distance = INFINITY;
  for (int code = 0; code < code_count(dtype); ++code) {
    const float candidate = narrow_to_float(dtype, static_cast<uint8_t>(code));
    if (!std::isfinite(candidate) || (candidate != 0 && std::signbit(candidate) != std::signbit(value))) continue;
    const double distance = std::abs(static_cast<double>(candidate) - static_cast<double>(value));
    if (distance < best_distance || (distance == best_distance && code % 2 == 0)) best = code, best_distance = distance;
  }
  return static_cast<uint8_t>(best);
}

}  // namespace

TEST_CASE("every narrow float comes back from its value") {
  for (const DType dtype : kFloats)
    for (int code = 0; code < code_count(dtype); ++code) {
      const float value = narrow_to_float(dtype, static_cast<uint8_t>(code));
      if (std::isnan(value)) CHECK(std::isnan(narrow_to_float(dtype, float_to_narrow(dtype, value, true))));
      else CHECK(float_to_narrow(dtype, value, false) == code);
    }
  for (int code = 0; code < 255; ++code) CHECK(float_to_narrow(DType::Float8E8M0, narrow_to_float(DType::Float8E8M0, static_cast<uint8_t>(code)), true) == code);
}

TEST_CASE("floats go to the nearest narrow one, ties to even") {
  std::mt19937 random(5);
  for (const DType dtype : kFloats)
    for (int i = 0; i < 20'000; ++i) {
      const auto bits = static_cast<uint32_t>(random());
      float value = std::ldexp(static_cast<float>(bits % 4096) / 1024, static_cast<int>(bits >> 12 & 31) - 20);
      if (bits >> 31) value = -value;
      CAPTURE(value);
      const uint8_t got = float_to_narrow(dtype, value, true);
      CHECK(narrow_to_float(dtype, got) == narrow_to_float(dtype, nearest(dtype, value)));
    }
}

TEST_CASE("what is too large saturates, or becomes infinity or NaN") {
  CHECK(float_to_narrow(DType::Float8E4M3FN, 1e9f, true) == 0x7e);
  CHECK(float_to_narrow(DType::Float8E4M3FN, -1e9f, false) == 0xff);
  CHECK(float_to_narrow(DType::Float8E4M3FN, 464.0f, false) == 0x7e);  // half way to what would be 480: even
  CHECK(float_to_narrow(DType::Float8E5M2, INFINITY, false) == 0x7c);
  CHECK(float_to_narrow(DType::Float8E5M2, INFINITY, true) == 0x7b);
  CHECK(float_to_narrow(DType::Float8E5M2FNUZ, 1e9f, false) == 0x80);
  CHECK(float_to_narrow(DType::Float4E2M1, -1e9f, false) == 0x0f);
  CHECK(float_to_e8m0(3.0f, true, PowerRounding::Up) == 129);
  CHECK(float_to_e8m0(3.0f, true, PowerRounding::Down) == 128);
  CHECK(float_to_e8m0(2.9f, true, PowerRounding::Nearest) == 128);
  CHECK(float_to_e8m0(0x1.8p127f, false, PowerRounding::Up) == 0xff);
}

TEST_CASE("integers of 4 and 2 bits wrap in casts and clamp in quantisation") {
  CHECK(static_cast<int8_t>(wrap_narrow(DType::Int4, 9)) == -7);
  CHECK(wrap_narrow(DType::UInt4, -1) == 15);
  CHECK(static_cast<int8_t>(wrap_narrow(DType::Int2, 2)) == -2);
  CHECK(static_cast<int8_t>(clamp_narrow(DType::Int4, 9)) == 7);
  CHECK(clamp_narrow(DType::UInt2, -5) == 0);
  const float values[] = {-9, 7, 8};
  CHECK(Tensor::from<float>(DType::Float32, {3}, values).cast(DType::Int4).to_ints() == std::vector<int64_t>{7, 7, -8});
}
