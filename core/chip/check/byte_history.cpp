// SPDX-License-Identifier: Apache-2.0
#include "core/chip/check/byte_history.h"

#include <algorithm>

namespace npu {

size_t ByteHistory::split(std::vector<Part>& parts, int32_t offset) {
  const auto found = std::ranges::lower_bound(parts, offset, {}, &Part::begin);
  const auto index = static_cast<size_t>(found - parts.begin());
  if (found == parts.end() || found->begin != offset) parts.insert(found, Part{offset, parts[index - 1].touches});
  return index;
}

void ByteHistory::join_equal(std::vector<Part>& parts, size_t first, size_t last) {
  size_t kept = first > 0 ? first - 1 : 0;
  for (size_t i = kept + 1; i < parts.size() && i <= last; ++i)
    if (!(parts[i].touches == parts[kept].touches)) parts[++kept] = parts[i];
  const size_t end = std::min(last + 1, parts.size());
  if (kept + 1 < end) parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(kept + 1), parts.begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace npu
