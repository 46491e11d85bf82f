// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace npu {

// A few ranges that cover all that were added: enough to see that two sets of addresses are apart.
class CoarseRanges {
 public:
  struct Range {
    int64_t begin, end;
  };

  void add(int64_t begin, int64_t end) {
    // Sorted and apart; the ranges that [begin, end) meets become one with it.
    size_t first = 0;
    while (first < count_ && ranges_[first].end < begin) ++first;
    size_t last = first;
    for (; last < count_ && ranges_[last].begin <= end; ++last) begin = std::min(begin, ranges_[last].begin), end = std::max(end, ranges_[last].end);
    replace(first, last, {begin, end});
    if (count_ < ranges_.size()) return;
    size_t nearest = 0;  // to its successor
    for (size_t i = 1; i + 1 < count_; ++i)
      if (ranges_[i + 1].begin - ranges_[i].end < ranges_[nearest + 1].begin - ranges_[nearest].end) nearest = i;
    replace(nearest, nearest + 2, {ranges_[nearest].begin, ranges_[nearest + 1].end});
  }

  bool overlaps(const CoarseRanges& other) const {
    for (const Range& a : view())
      for (const Range& b : other.view())
        if (a.begin < b.end && b.begin < a.end) return true;
    return false;
  }

  std::span<const Range> view() const { return {ranges_.data(), count_}; }

 private:
  void replace(size_t first, size_t last, Range range) {
    const auto at = ranges_.begin() + static_cast<std::ptrdiff_t>(first), end = ranges_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (first == last) std::move_backward(at, end, end + 1);
    else std::move(ranges_.begin() + static_cast<std::ptrdiff_t>(last), end, at + 1);
    *at = range;
    count_ = count_ + 1 - (last - first);
  }

  std::array<Range, 8> ranges_;  // one more than are kept
  size_t count_ = 0;
};

}  // namespace npu
