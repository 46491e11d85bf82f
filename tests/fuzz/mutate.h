// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace npu::fuzz {

// Damages a seed in one to four places: bits, bytes, lengths-looking values, removed and repeated stretches. The same
// seed number gives the same result everywhere.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  std::vector<std::byte> operator()(Bytes seed) {
    std::vector<std::byte> bytes(seed.begin(), seed.end());
    for (uint64_t times = 1 + next(4); times-- > 0 && !bytes.empty();) damage(bytes);
    return bytes;
  }

 private:
  uint64_t next(uint64_t bound) {  // xorshift64*
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1du >> 16) % bound;
  }

  void damage(std::vector<std::byte>& bytes) {
    static constexpr uint8_t kInteresting[] = {0, 1, 2, 7, 8, 16, 64, 127, 128, 254, 255};
    const size_t at = next(bytes.size());
    const size_t length = 1 + next(std::min<size_t>(bytes.size() - at, 64));
    const auto begin = bytes.begin() + static_cast<ptrdiff_t>(at);
    const auto end = begin + static_cast<ptrdiff_t>(length);
    switch (next(6)) {
      case 0:
        bytes[at] ^= static_cast<std::byte>(1u << next(8));
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(next(256));
        break;
      case 2:
        bytes[at] = static_cast<std::byte>(kInteresting[next(std::size(kInteresting))]);
        break;
      case 3:
        bytes.erase(begin, end);
        break;
      case 4: {
        const std::vector<std::byte> copy(begin, end);
        bytes.insert(begin, copy.begin(), copy.end());
        break;
      }
      default:
        for (auto b = begin; b != end && b != begin + 10; ++b) *b = std::byte{0xff};
    }
  }

  uint64_t state_;
};

}  // namespace npu::fuzz
