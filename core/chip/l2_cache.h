// SPDX-License-Identifier: Apache-2.0
// Which parts of device memory are in L2, for the timing only: contents are never copied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace npu {

// Least recently used, write-back, write-allocate without a fetch. Lines come and go one by one but age by pages of 64:
// that trades detail for speed and is no fact about the chip. Its replacement policy is not public.
class L2Cache {
 public:
  static constexpr int64_t kLine = 128;  // bytes; public documentation names lines of 128 to 512 depending on the chip
  static constexpr int64_t kPage = 64 * kLine;

  // managed: L2 as a buffer that software fills (l2_type 1 in the public platform files: Ascend310). What was written
  // stays until it is read, for a few tasks; what finds no room passes by; what was read needs no write-back.
  explicit L2Cache(int64_t capacity, bool managed = false);

  void begin_task();

  struct Outcome {
    int64_t hit = 0;      // bytes of whole lines found
    int64_t miss = 0;     // bytes fetched from memory (reads) or newly placed (writes)
    int64_t evicted = 0;  // dirty bytes that had to be written back to make room

    Outcome& operator+=(const Outcome& other) {
      hit += other.hit, miss += other.miss, evicted += other.evicted;
      return *this;
    }
  };
  // [address, address + bytes), all of it present afterwards.
  Outcome access(int64_t address, int64_t bytes, bool write);
  // Passes the cache by: present pages are used (and updated), absent ones are not placed.
  Outcome bypass(int64_t address, int64_t bytes);

  int64_t capacity_pages() const { return capacity_; }

 private:
  static constexpr int32_t kNoSlot = -1;
  struct Slot {
    int64_t page = 0;
    int32_t newer = kNoSlot, older = kNoSlot;
    uint64_t present = 0, dirty = 0;  // a bit for each line
    uint64_t pending = 0;             // managed: written and not read since; such a slot is in no list
  };

  template <class F>
  static void for_pages(int64_t address, int64_t bytes, F&& body);
  size_t home(int64_t page) const { return (static_cast<uint64_t>(page) * 0x9e3779b97f4a7c15u) >> shift_; }
  int32_t find(int64_t page) const;
  int32_t place(int64_t page, Outcome& outcome);  // kNoSlot: no room
  void follow(int32_t slot, uint64_t lines, bool write);
  void insert(int64_t page, int32_t slot);
  void erase(int64_t page);
  void unlink(int32_t slot);
  void make_newest(int32_t slot);

  int64_t capacity_;
  int shift_ = 0;
  std::vector<int32_t> table_;  // open addressing, at most half full
  std::vector<Slot> slots_;
  int32_t newest_ = kNoSlot, oldest_ = kNoSlot;
  bool managed_;
  std::array<std::vector<int32_t>, 4> pinned_;  // managed: slots written in the last tasks, this task's last
};

}  // namespace npu
