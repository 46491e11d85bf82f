// SPDX-License-Identifier: Apache-2.0
// The emulated chip. Function and timing are two readers of one Program:
// Core computes, time_task says when, core/chip/check proves that the flags order what must be ordered.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/chip/timing.h"
#include "core/isa/fetch.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

// Device memory of one loaded model. Which bytes were written is tracked in 32-byte blocks.
class DeviceMemory {
 public:
  DeviceMemory(Bytes weights, int64_t arena_bytes);

  // Checked views by device address (core/isa/program.h: weights at 0, arena at kArenaBase).
  Result<std::span<const std::byte>> read(int64_t address, int64_t bytes) const {  // UninitializedRead, InvalidProgram
    if (unwatched(address, bytes)) return std::span<const std::byte>(arena_.data() + (address - kArenaBase), static_cast<size_t>(bytes));
    return checked_read(address, bytes);
  }
  Result<std::span<std::byte>> write(int64_t address, int64_t bytes) {             // marks as written; weights are read-only
    if (unwatched(address, bytes)) return std::span(arena_.data() + (address - kArenaBase), static_cast<size_t>(bytes));
    return checked_write(address, bytes);
  }
  void forget_arena();                                                             // nothing in the arena counts as written
  void track(bool on) { tracking_ = on; }                                          // while off, all counts as written and nothing is marked
  int64_t arena_bytes() const { return arena_bytes_; }

  // For those who look from outside: also what nothing wrote.
  Result<std::span<const std::byte>> peek(int64_t address, int64_t bytes) const;
  bool written(int64_t address) const;  // weights always are

  // For snapshots: the arena in pages, and which of them changed since clear_changes().
  static constexpr int64_t kPageBytes = 16384;
  struct Page {
    std::array<std::byte, kPageBytes> bytes{};
    std::array<uint8_t, kPageBytes / kBlockBytes> written{};
  };
  void track_changes();
  size_t pages() const { return (arena_.size() + kPageBytes - 1) / kPageBytes; }
  bool changed(size_t page) const { return changed_[page] != 0; }
  void clear_changes() { std::fill(changed_.begin(), changed_.end(), uint8_t{0}); }
  void copy_page(size_t page, Page& to) const;
  void set_page(size_t page, const Page& from);

 private:
  void mark_changed(int64_t offset, int64_t bytes);

  // Inside the arena, and nobody wants to know.
  bool unwatched(int64_t address, int64_t bytes) const {
    return !tracking_ && changed_.empty() && address >= kArenaBase && bytes >= 0 && bytes <= arena_bytes_ - (address - kArenaBase);
  }
  Result<std::span<const std::byte>> checked_read(int64_t address, int64_t bytes) const;
  Result<std::span<std::byte>> checked_write(int64_t address, int64_t bytes);

  bool tracking_ = true;
  Bytes weights_;
  int64_t arena_bytes_ = 0;
  std::vector<std::byte> arena_;
  std::vector<uint8_t> written_;  // one byte a 32-byte block: blocks of different cores never share one
  std::vector<uint8_t> changed_;  // one byte a page; empty unless tracked
};

// Straight: check_stream (core/chip/check) found nothing in the stream and it is_straight, so its operands and on-chip ranges
// are not looked at again. What depends on what ran before (uninitialised reads, device memory) is.
// Proven: also, is_fixed, and it ran with the same inputs' shapes before, so that every on-chip read is known to find something written;
// so is every read of device memory when all of a model's streams are proven, and its memory then need not be tracked.
enum class Trust { Nothing, Straight, Proven };

// One AI core: its on-chip buffers. Reused from block to block; reset() forgets all contents.
class Core {
 public:
  explicit Core(const Soc& soc);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;
  Core(const Core&);             // a snapshot is a copy
  Core& operator=(const Core&);

  void reset();

  // Executes the stream in program order; `block` is what mov_xd_spr tells. Checks bounds, alignment and uninitialised reads of every instruction;
  // an error's `where` is "instruction 17: vadd f16 dst=...". Different cores may run blocks at the same time.
  Status execute(const Program& program, DeviceMemory& memory, BlockId block = {}, Trust trust = Trust::Nothing);

  // The same one instruction at a time. start() resets; the program must outlive the steps.
  void start(const Program& program, DeviceMemory& memory, BlockId block = {});
  bool done() const;                       // nothing is left to execute
  const Instr* next() const;               // what step() would execute; null when done, or when step() would fail to get there
  int32_t next_index() const;              // its place in the program
  Status step(DeviceMemory& memory);       // when it fails the core stays in front of the instruction
  // After start(): executes up to the next cross-core instruction (core/chip/cross_core.h) and gives it, null at the end. The next
  // call goes on after it.
  Result<const Instr*> resume(DeviceMemory& memory);
  const IssueState& issue_state() const;   // what accesses() of next() depends on

  // Bytes of an on-chip buffer as the architecture has them; of L0A and L0B, what nothing wrote is 0 and a NaN is the canonical one.
  Result<std::vector<std::byte>> contents(Buffer buffer, int64_t begin, int64_t end) const;
  bool written(Buffer buffer, int64_t address) const;
  size_t memory_bytes() const;             // that a copy takes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npu
