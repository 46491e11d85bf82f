// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace npu {

// Which parts of device memory are in L2: least recently used pages. The page size trades detail for speed; it is no
// fact about the chip.
class L2Cache {
 public:
  explicit L2Cache(int64_t capacity) : pages_(static_cast<size_t>(capacity / kPage)) {}

  // Fraction of [address, address + bytes) that was present; all of it is afterwards.
  double access(int64_t address, int64_t bytes);

 private:
  static constexpr int64_t kPage = 16384;
  size_t pages_;
  std::list<int64_t> recent_;  // most recent first
  std::unordered_map<int64_t, std::list<int64_t>::iterator> where_;
};

}  // namespace npu
