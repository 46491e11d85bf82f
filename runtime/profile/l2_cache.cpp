// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/l2_cache.h"

namespace npu {

double L2Cache::access(int64_t address, int64_t bytes) {
  if (bytes <= 0 || pages_ == 0) return 0;
  int64_t hits = 0, total = 0;
  for (int64_t page = address / kPage; page <= (address + bytes - 1) / kPage; ++page, ++total) {
    const auto found = where_.find(page);
    if (found != where_.end()) {
      ++hits;
      recent_.splice(recent_.begin(), recent_, found->second);
      continue;
    }
    if (where_.size() == pages_) {
      where_.erase(recent_.back());
      recent_.pop_back();
    }
    recent_.push_front(page);
    where_[page] = recent_.begin();
  }
  return static_cast<double>(hits) / static_cast<double>(total);
}

}  // namespace npu
