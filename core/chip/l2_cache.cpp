// SPDX-License-Identifier: Apache-2.0
#include "core/chip/l2_cache.h"

#include <algorithm>
#include <bit>

namespace npu {

L2Cache::L2Cache(int64_t capacity, bool managed) : capacity_(std::max<int64_t>(0, capacity / kPage)), managed_(managed) {
  const auto size = std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(8, 2 * capacity_)));
  shift_ = 64 - std::countr_zero(size);
  table_.assign(size, kNoSlot);
  slots_.reserve(static_cast<size_t>(capacity_));
}

int32_t L2Cache::find(int64_t page) const {
  const size_t mask = table_.size() - 1;
  for (size_t i = home(page);; i = (i + 1) & mask) {
    const int32_t slot = table_[i];
    if (slot == kNoSlot || slots_[static_cast<size_t>(slot)].page == page) return slot;
  }
}

void L2Cache::insert(int64_t page, int32_t slot) {
  const size_t mask = table_.size() - 1;
  size_t i = home(page);
  while (table_[i] != kNoSlot) i = (i + 1) & mask;
  table_[i] = slot;
}

// Later entries of the probe sequence move up, so that no tombstones are needed.
void L2Cache::erase(int64_t page) {
  const size_t mask = table_.size() - 1;
  size_t hole = home(page);
  while (slots_[static_cast<size_t>(table_[hole])].page != page) hole = (hole + 1) & mask;
  for (size_t i = (hole + 1) & mask; table_[i] != kNoSlot; i = (i + 1) & mask) {
    const size_t wanted = home(slots_[static_cast<size_t>(table_[i])].page);
    if (((i - wanted) & mask) < ((i - hole) & mask)) continue;
    table_[hole] = table_[i];
    hole = i;
  }
  table_[hole] = kNoSlot;
}

void L2Cache::unlink(int32_t slot) {
  const Slot& s = slots_[static_cast<size_t>(slot)];
  (s.newer == kNoSlot ? newest_ : slots_[static_cast<size_t>(s.newer)].older) = s.older;
  (s.older == kNoSlot ? oldest_ : slots_[static_cast<size_t>(s.older)].newer) = s.newer;
}

void L2Cache::make_newest(int32_t slot) {
  Slot& s = slots_[static_cast<size_t>(slot)];
  s.newer = kNoSlot;
  s.older = newest_;
  (newest_ == kNoSlot ? oldest_ : slots_[static_cast<size_t>(newest_)].newer) = slot;
  newest_ = slot;
}

int32_t L2Cache::place(int64_t page, Outcome& outcome) {
  int32_t slot;
  if (static_cast<int64_t>(slots_.size()) < capacity_) {
    slot = static_cast<int32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    if (oldest_ == kNoSlot) return kNoSlot;
    slot = oldest_;
    Slot& old = slots_[static_cast<size_t>(slot)];
    if (!managed_) outcome.evicted += std::popcount(old.dirty) * kLine;
    erase(old.page);
    unlink(slot);
    old.present = old.dirty = old.pending = 0;
  }
  slots_[static_cast<size_t>(slot)].page = page;
  insert(page, slot);
  make_newest(slot);
  return slot;
}

// Calls body(page, lines): the lines of each page that [address, address + bytes) touches, as bits.
template <class F>
void L2Cache::for_pages(int64_t address, int64_t bytes, F&& body) {
  if (bytes <= 0 || address < 0) return;
  const int64_t first = address / kLine, last = (address + bytes - 1) / kLine;
  for (int64_t line = first; line <= last; line = (line / 64 + 1) * 64) {
    const int64_t end = std::min(last, (line | 63));
    const uint64_t upto_end = ~uint64_t{0} >> (63 - end % 64);
    body(line / 64, upto_end & (~uint64_t{0} << (line % 64)));
  }
}

// Keeps what was written until it is read.
void L2Cache::follow(int32_t slot, uint64_t lines, bool write) {
  Slot& s = slots_[static_cast<size_t>(slot)];
  const uint64_t before = s.pending;
  s.pending = write ? before | lines : before & ~lines;
  if (before == 0 && s.pending != 0) {
    unlink(slot);
    pinned_.back().push_back(slot);
  } else if (before != 0 && s.pending == 0) {
    make_newest(slot);
  }
}

void L2Cache::begin_task() {
  // A slot read and written again since is named twice: it is let go a little early.
  for (int32_t slot : pinned_.front())
    if (Slot& s = slots_[static_cast<size_t>(slot)]; s.pending != 0) s.pending = 0, make_newest(slot);
  pinned_.front().clear();
  std::ranges::rotate(pinned_, pinned_.begin() + 1);
}

L2Cache::Outcome L2Cache::access(int64_t address, int64_t bytes, bool write) {
  Outcome outcome;
  for_pages(address, bytes, [&](int64_t page, uint64_t lines) {
    if (capacity_ == 0) {
      outcome.miss += std::popcount(lines) * kLine;
      if (write) outcome.evicted += std::popcount(lines) * kLine;
      return;
    }
    int32_t slot = find(page);
    if (slot == kNoSlot) slot = place(page, outcome);
    else if (slot != newest_ && slots_[static_cast<size_t>(slot)].pending == 0) unlink(slot), make_newest(slot);
    if (slot == kNoSlot) {
      outcome.miss += std::popcount(lines) * kLine;
      if (write) outcome.evicted += std::popcount(lines) * kLine;
      return;
    }
    Slot& s = slots_[static_cast<size_t>(slot)];
    outcome.hit += std::popcount(lines & s.present) * kLine;
    outcome.miss += std::popcount(lines & ~s.present) * kLine;
    s.present |= lines;
    if (write) s.dirty |= lines;
    if (managed_) follow(slot, lines, write);
  });
  return outcome;
}

L2Cache::Outcome L2Cache::bypass(int64_t address, int64_t bytes) {
  Outcome outcome;
  for_pages(address, bytes, [&](int64_t page, uint64_t lines) {
    const int32_t slot = capacity_ > 0 ? find(page) : kNoSlot;
    const uint64_t found = slot == kNoSlot ? 0 : lines & slots_[static_cast<size_t>(slot)].present;
    outcome.hit += std::popcount(found) * kLine;
    outcome.miss += std::popcount(lines & ~found) * kLine;
  });
  return outcome;
}

}  // namespace npu
