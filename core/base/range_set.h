// SPDX-License-Identifier: Apache-2.0
// Sets of integers kept as ranges [begin, end) that neither touch nor overlap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace npu {

class RangeSet {
 public:
  using Ranges = std::map<int64_t, int64_t>;  // begin -> end

  RangeSet() = default;
  RangeSet(int64_t begin, int64_t end) { add(begin, end); }

  const Ranges& ranges() const& { return ranges_; }
  Ranges ranges() && { return std::move(ranges_); }  // a loop over a temporary's keeps them
  bool empty() const { return ranges_.empty(); }
  int64_t begin() const { return ranges_.begin()->first; }          // precondition: not empty
  int64_t end() const { return std::prev(ranges_.end())->second; }  // precondition: not empty
  int64_t size() const {
    int64_t sum = 0;
    for (const auto& [from, to] : ranges_) sum += to - from;
    return sum;
  }

  void add(int64_t begin, int64_t end) {
    if (begin >= end) return;
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second >= begin) --it;
    while (it != ranges_.end() && it->first <= end) {
      begin = std::min(begin, it->first), end = std::max(end, it->second);
      it = ranges_.erase(it);
    }
    ranges_.emplace(begin, end);
  }
  void add(const RangeSet& other) {
    for (const auto& [from, to] : other.ranges_) add(from, to);
  }
  void remove(int64_t begin, int64_t end) {
    if (begin >= end) return;
    auto it = ranges_.lower_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second > begin) --it;
    while (it != ranges_.end() && it->first < end) {
      const auto [from, to] = *it;
      it = ranges_.erase(it);
      if (from < begin) ranges_.emplace(from, begin);
      if (to > end) it = ranges_.emplace(end, to).first;
    }
  }
  void remove(const RangeSet& other) {
    for (const auto& [from, to] : other.ranges_) remove(from, to);
  }
  bool intersects(int64_t begin, int64_t end) const {
    const auto it = ranges_.lower_bound(end);  // the first that begins at or behind the end
    return begin < end && it != ranges_.begin() && std::prev(it)->second > begin;
  }
  // What lies in [begin, end).
  RangeSet within(int64_t begin, int64_t end) const {
    RangeSet result;
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin()) --it;
    for (; it != ranges_.end() && it->first < end; ++it)
      if (it->second > begin) result.add(std::max(begin, it->first), std::min(end, it->second));
    return result;
  }

  friend bool operator==(const RangeSet&, const RangeSet&) = default;

 private:
  Ranges ranges_;
};

}  // namespace npu
