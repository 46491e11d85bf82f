// SPDX-License-Identifier: Apache-2.0
// Single lanes of contiguous operands: for instructions whose speed does not matter.
#pragma once

#include <cstring>
#include <limits>

#include "core/base/half.h"
#include "core/isa/isa.h"

namespace npu {

template <class T>
T load_lane(const std::byte* lanes, int64_t lane) {
  T value;
  std::memcpy(&value, lanes + lane * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void store_lane(std::byte* lanes, int64_t lane, T value) {
  std::memcpy(lanes + lane * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

// f16 or f32.
inline float float_lane(VecType type, const std::byte* lanes, int64_t lane) {
  return type == VecType::F16 ? half_bits_to_float(load_lane<uint16_t>(lanes, lane)) : load_lane<float>(lanes, lane);
}

// f16, f32 or an integer of up to 32 bits.
inline double read_lane(VecType type, const std::byte* lanes, int64_t lane) {
  switch (type) {
    case VecType::S32: return load_lane<int32_t>(lanes, lane);
    case VecType::S16: return load_lane<int16_t>(lanes, lane);
    case VecType::U8: return load_lane<uint8_t>(lanes, lane);
    case VecType::S8: return load_lane<int8_t>(lanes, lane);
    default: return float_lane(type, lanes, lane);
  }
}

// Rounded to the type; a NaN is the canonical one.
inline void store_float_lane(VecType type, std::byte* lanes, int64_t lane, float value, float half_limit) {
  if (type == VecType::F32) return store_lane(lanes, lane, value != value ? std::numeric_limits<float>::quiet_NaN() : value);
  const float kept = value < -half_limit ? -half_limit : value > half_limit ? half_limit : value;
  store_lane(lanes, lane, value != value ? uint16_t{0x7e00} : float_to_half_bits(kept));
}

}  // namespace npu
