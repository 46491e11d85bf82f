// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/elements.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "core/base/half.h"

namespace npu::ui {
namespace {

template <class T>
T load(std::span<const std::byte> bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

bool is_integer(VecType type) { return type != VecType::F16 && type != VecType::F32 && type != VecType::BF16; }

}  // namespace

int64_t element_count(int64_t bytes, VecType type) { return type == VecType::S4 ? bytes * 2 : bytes / vec_type_size(type); }

int64_t elements_in_block(VecType type) { return element_count(kBlockBytes, type); }

double element_at(std::span<const std::byte> bytes, int64_t index, VecType type) {
  switch (type) {
    case VecType::F16: return half_bits_to_float(load<uint16_t>(bytes, index));
    case VecType::BF16: return bfloat_bits_to_float(load<uint16_t>(bytes, index));
    case VecType::F32: return load<float>(bytes, index);
    case VecType::S32: return load<int32_t>(bytes, index);
    case VecType::U32: return load<uint32_t>(bytes, index);
    case VecType::S16: return load<int16_t>(bytes, index);
    case VecType::U16: return load<uint16_t>(bytes, index);
    case VecType::U8: return load<uint8_t>(bytes, index);
    case VecType::S8: return load<int8_t>(bytes, index);
    case VecType::S64: return static_cast<double>(load<int64_t>(bytes, index));
    case VecType::S4: {
      const int value = load<uint8_t>(bytes, index / 2) >> (index % 2 * 4) & 15;
      return value < 8 ? value : value - 16;
    }
  }
  return 0;
}

std::string element_text(double value, VecType type) {
  if (is_integer(type)) return fmt::format("{:.0f}", value);
  if (value == 0 || !std::isfinite(value)) return fmt::format("{}", value);
  const double size = std::abs(value);
  if (size >= 1e5 || size < 1e-3) return fmt::format("{:.1e}", value);
  return fmt::format("{:.4g}", value);
}

}  // namespace npu::ui
