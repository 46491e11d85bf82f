// SPDX-License-Identifier: Apache-2.0
// Who touched which bytes of a buffer last: runs of equal bytes in small pages, so that an access costs what it touches,
// however many went before.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/isa/isa.h"

namespace npu {

// What still matters of a byte's past: its last write, and each pipe's last read since. Whatever is ordered after these
// is ordered after all that went before them, or that was reported then.
struct Touches {
  int32_t write = -1;  // instruction
  int32_t write_pipe = 0;
  std::array<int32_t, kPipes> read = [] {
    std::array<int32_t, kPipes> none;
    none.fill(-1);
    return none;
  }();

  friend bool operator==(const Touches&, const Touches&) = default;
};

class ByteHistory {
 public:
  // Calls visit(Touches&, begin, end) for runs that make up [begin, end) exactly. Precondition: 0 <= begin <= end.
  template <class Visit>
  void for_each(int64_t begin, int64_t end, Visit&& visit) {
    while (begin < end) {
      const int64_t base = begin & ~(kPageBytes - 1), stop = std::min(end, base + kPageBytes);
      Page& page = page_at(begin / kPageBytes);
      if (page.parts.empty() && begin == base && stop == base + kPageBytes) visit(page.whole, begin, stop);
      else visit_parts(page, base, begin, stop, visit);
      begin = stop;
    }
  }

  void clear() {
    near_.clear();
    far_.clear();
  }

 private:
  static constexpr int64_t kPageBytes = 4096;
  static constexpr int64_t kNearPages = 512;  // on-chip buffers; beyond: device memory

  struct Part {
    int32_t begin;  // in the page
    Touches touches;
  };
  struct Page {
    Touches whole;            // when parts is empty
    std::vector<Part> parts;  // sorted, from 0
  };

  Page& page_at(int64_t index) {
    if (index >= kNearPages) return far_[index];
    if (near_.size() <= static_cast<size_t>(index)) near_.resize(static_cast<size_t>(index) + 1);
    return near_[static_cast<size_t>(index)];
  }

  // The first part at or after `offset`, which then starts exactly there.
  static size_t split(std::vector<Part>& parts, int32_t offset);
  static void join_equal(std::vector<Part>& parts, size_t first, size_t last);

  template <class Visit>
  static void visit_parts(Page& page, int64_t base, int64_t begin, int64_t end, Visit&& visit) {
    auto& parts = page.parts;
    if (parts.empty()) parts.push_back({0, page.whole});
    const size_t first = split(parts, static_cast<int32_t>(begin - base));
    const size_t last = end == base + kPageBytes ? parts.size() : split(parts, static_cast<int32_t>(end - base));
    for (size_t i = first; i < last; ++i)
      visit(parts[i].touches, base + parts[i].begin, i + 1 < parts.size() ? base + parts[i + 1].begin : base + kPageBytes);
    join_equal(parts, first, last);
    if (parts.size() > 1) return;
    page.whole = parts[0].touches;
    parts.clear();
  }

  std::vector<Page> near_;
  std::unordered_map<int64_t, Page> far_;
};

}  // namespace npu
