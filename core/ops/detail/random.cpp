// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/random.h"

namespace npu::detail {

RandomNumbers::RandomNumbers(uint32_t seed) {
  for (uint32_t i = 0; i < state_.size(); ++i) {
    state_[i] = seed;
    seed = 1812433253u * (seed ^ (seed >> 30)) + i + 1;
  }
}

RandomNumbers RandomNumbers::of(const Node& node) {
  const Attr* seed = node.find_attr("seed");
  if (!seed) return RandomNumbers(static_cast<uint32_t>(hash_bytes(as_byte_view(node.name))));
  if (const auto* whole = std::get_if<int64_t>(seed)) return RandomNumbers(static_cast<uint32_t>(*whole));
  const float value = node.float_attr("seed", 0);
  return RandomNumbers(static_cast<uint32_t>(value > -2147483648.0f && value < 4294967040.0f ? static_cast<int64_t>(value) : 0));
}

uint32_t RandomNumbers::bits() {
  constexpr size_t kMiddle = 397;
  if (next_ == state_.size()) {
    for (size_t i = 0; i < state_.size(); ++i) {
      const uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % state_.size()] & 0x7fffffffu);
      state_[i] = state_[(i + kMiddle) % state_.size()] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    next_ = 0;
  }
  uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double RandomNumbers::uniform() {
  const uint32_t high = bits() >> 5, low = bits() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double RandomNumbers::normal() {
  if (spare_) return *std::exchange(spare_, std::nullopt);
  double x = 0, y = 0, square = 0;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * fixed::log(square) / square);
  spare_ = factor * x;
  return factor * y;
}

}  // namespace npu::detail
