// SPDX-License-Identifier: Apache-2.0
// What an on-chip buffer holds, for those who look at it from outside.
#include <bit>
#include <cstring>

#include "core/base/half.h"
#include "core/chip/machine.h"

namespace npu {
namespace {

constexpr int64_t kRowBytes = 32, kRows = 16;

// The 2 bytes that were unpacked to `word` (kernels/cube_kernels.h).
uint16_t packed(uint32_t word, VecType type) {
  switch (type) {
    case VecType::F16: return float_to_half_bits(std::bit_cast<float>(word));
    case VecType::BF16: return static_cast<uint16_t>(word >> 16);
    case VecType::S4: return static_cast<uint16_t>((word & 15) | (word >> 8 & 15) << 4 | (word >> 16 & 15) << 8 | (word >> 24 & 15) << 12);
    default: return static_cast<uint16_t>((word & 0xff) | (word >> 16 & 0xff) << 8);  // s8, u8
  }
}

}  // namespace

void OnChipBuffer::read_out(int64_t begin, std::span<std::byte> to) const {
  if (id_ != Buffer::L0A && id_ != Buffer::L0B) {
    if (!to.empty()) std::memcpy(to.data(), data_.data() + begin, to.size());
    return;
  }
  for (size_t i = 0; i < to.size(); ++i) {
    const int64_t address = begin + static_cast<int64_t>(i), fractal = address / kFractalBytes, row = address % kFractalBytes / kRowBytes, byte = address % kRowBytes;
    const uint8_t mark = written_[static_cast<size_t>(fractal)];
    if (mark == 0) {
      to[i] = {};
      continue;
    }
    const auto type = static_cast<VecType>(mark - 1);
    const int64_t word = byte / (type == VecType::F32 ? 4 : 2);
    const int64_t place = fractal * kernels::kFractal + (id_ == Buffer::L0A ? row * kRows + word : word * kRows + row);
    uint32_t bits;
    std::memcpy(&bits, data_.data() + place * 4, 4);
    to[i] = type == VecType::F32 ? static_cast<std::byte>(bits >> 8 * (byte % 4)) : static_cast<std::byte>(packed(bits, type) >> 8 * (byte % 2));
  }
}

size_t OnChipBuffer::stored_bytes() const { return static_cast<size_t>(bytes_ * 4 / element_bytes_) + written_.size(); }

}  // namespace npu
