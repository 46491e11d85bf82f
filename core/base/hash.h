// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/base/bytes.h"

namespace npu {

// A 64-bit fingerprint of bytes, the same on every target; for comparing contents, not against attackers. Four
// independent lanes of xor, multiply, rotate: it runs at memory speed.
inline uint64_t hash_bytes(Bytes bytes) {
  constexpr uint64_t kFactors[4] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, 0xff51afd7ed558ccdu};
  uint64_t lanes[4] = {kFactors[1], kFactors[2], kFactors[3], kFactors[0]};
  const auto mix = [&](const std::byte* block) {
    for (int i = 0; i < 4; ++i) {
      uint64_t word;
      std::memcpy(&word, block + i * 8, 8);
      lanes[i] = std::rotl((lanes[i] ^ word) * kFactors[i], 31);
    }
  };
  size_t position = 0;
  for (; bytes.size() - position >= 32; position += 32) mix(bytes.data() + position);
  std::byte tail[32] = {};
  if (position < bytes.size()) std::memcpy(tail, bytes.data() + position, bytes.size() - position);
  mix(tail);
  uint64_t hash = bytes.size();
  for (int i = 0; i < 4; ++i) {
    hash = (hash ^ lanes[i]) * kFactors[0];
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace npu
