// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/narrow.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace npu {

namespace {

struct NarrowFormat {
  int mantissa;
  int bias;
  uint8_t largest;   // code of the largest finite value
  uint8_t infinity;  // 0 when there is none
  uint8_t nan;
  uint8_t sign;      // bit
  bool negative_zero;
};

constexpr NarrowFormat format_of(DType dtype) {
  switch (dtype) {
    case DType::Float8E4M3FN: return {3, 7, 0x7e, 0, 0x7f, 0x80, true};
    case DType::Float8E4M3FNUZ: return {3, 8, 0x7f, 0, 0x80, 0x80, false};
    case DType::Float8E5M2: return {2, 15, 0x7b, 0x7c, 0x7e, 0x80, true};
    case DType::Float8E5M2FNUZ: return {2, 16, 0x7f, 0, 0x80, 0x80, false};
    default: return {1, 1, 0x07, 0, 0x08, 0x08, true};  // Float4E2M1 has no NaN; it becomes -0
  }
}

constexpr float power_of_two(int k) {  // -149 <= k <= 127
  return k >= -126 ? std::bit_cast<float>(static_cast<uint32_t>(k + 127) << 23)
                   : std::bit_cast<float>(uint32_t{1} << (k + 149));
}

constexpr double double_power(int k) { return std::bit_cast<double>(static_cast<uint64_t>(k + 1023) << 52); }

}  // namespace

float narrow_to_float(DType dtype, uint8_t code) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  if (dtype == DType::Float8E8M0) return code == 0xff ? kNaN : power_of_two(code - 127);
  const NarrowFormat f = format_of(dtype);
  if (dtype == DType::Float4E2M1) code &= 0x0f;
  const uint8_t magnitude = code & static_cast<uint8_t>(f.sign - 1);
  const float sign = code & f.sign ? -1.0f : 1.0f;
  if (f.infinity && magnitude == f.infinity) return sign * std::numeric_limits<float>::infinity();
  if (magnitude > f.largest || (!f.negative_zero && code == f.nan)) return kNaN;
  const int exponent = magnitude >> f.mantissa;
  const int units = exponent == 0 ? magnitude : (magnitude & ((1 << f.mantissa) - 1)) | 1 << f.mantissa;
  return sign * static_cast<float>(units) * power_of_two(std::max(exponent, 1) - f.bias - f.mantissa);
}

uint8_t float_to_narrow(DType dtype, float value, bool saturate) {
  if (dtype == DType::Float8E8M0) return float_to_e8m0(value, saturate, PowerRounding::Up);
  const NarrowFormat f = format_of(dtype);
  if (value != value) return f.nan;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint8_t sign = bits >> 31 ? f.sign : 0;
  const uint32_t magnitude = bits & 0x7fffffffu;
  const auto overflow = [&]() -> uint8_t {
    if (saturate || dtype == DType::Float4E2M1) return sign | f.largest;
    return f.infinity ? sign | f.infinity : f.negative_zero ? sign | f.nan : f.nan;
  };
  if (magnitude >= 0x7f800000u) return overflow();
  const int lowest = 1 - f.bias;  // exponent of the smallest normal number
  const int exponent = std::max(static_cast<int>(magnitude >> 23) - 127, lowest);
  // In units of the last place the value is below 2^(mantissa + 1); adding 2^52 rounds it to the nearest integer.
  const double scaled = static_cast<double>(std::bit_cast<float>(magnitude)) * double_power(f.mantissa - exponent);
  const double rounded = (scaled + 0x1.0p52) - 0x1.0p52;
  const int code = static_cast<int>(rounded) + ((exponent - lowest) << f.mantissa);
  if (exponent > 127 - f.bias + 127 || code > f.largest) return overflow();
  if (code == 0 && !f.negative_zero) return 0;
  return sign | static_cast<uint8_t>(code);
}

uint8_t float_to_e8m0(float value, bool saturate, PowerRounding rounding) {
  if (value != value) return 0xff;
  const uint32_t magnitude = std::bit_cast<uint32_t>(value) & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) return saturate ? 0xfe : 0xff;
  uint32_t exponent = magnitude >> 23;
  uint32_t mantissa = magnitude & 0x7fffffu;
  if (exponent == 0 && mantissa > 0x400000u && rounding != PowerRounding::Down) exponent = 1, mantissa = 0;  // subnormal: between 2^-127 and 2^-126
  else if (exponent == 0) mantissa = 0;
  const bool up = rounding == PowerRounding::Up        ? mantissa > 0
                  : rounding == PowerRounding::Nearest ? mantissa >= 0x400000u
                                                       : false;
  exponent += up;
  if (exponent > 0xfe) return saturate ? 0xfe : 0xff;
  return static_cast<uint8_t>(exponent);
}

uint8_t wrap_narrow(DType dtype, int64_t value) {
  const int bits = dtype_info(dtype).file_bits;
  const auto low = static_cast<uint8_t>(static_cast<uint64_t>(value) & ((uint64_t{1} << bits) - 1));
  const bool is_signed = dtype == DType::Int4 || dtype == DType::Int2;
  return is_signed && low >> (bits - 1) ? static_cast<uint8_t>(low | ~((1u << bits) - 1)) : low;
}

uint8_t clamp_narrow(DType dtype, int64_t value) {
  const int bits = dtype_info(dtype).file_bits;
  const bool is_signed = dtype == DType::Int4 || dtype == DType::Int2;
  const int64_t low = is_signed ? -(int64_t{1} << (bits - 1)) : 0;
  return static_cast<uint8_t>(std::clamp(value, low, low + (int64_t{1} << bits) - 1));
}

}  // namespace npu
