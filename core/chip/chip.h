// SPDX-License-Identifier: Apache-2.0
// The emulated chip. Function and timing are two readers of one Program:
// Core computes, time_task says when, core/chip/check proves that the flags order what must be ordered.
#pragma once

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

  // Checked views by device address (core/om/model.h: weights at 0, arena at kArenaBase).
  Result<std::span<const std::byte>> read(int64_t address, int64_t bytes) const;   // UninitializedRead, InvalidProgram
  Result<std::span<std::byte>> write(int64_t address, int64_t bytes);              // marks as written; weights are read-only
  void forget_arena();                                                             // nothing in the arena counts as written
  int64_t arena_bytes() const { return arena_bytes_; }

 private:
  Bytes weights_;
  int64_t arena_bytes_ = 0;
  std::vector<std::byte> arena_;
  std::vector<uint8_t> written_;  // one byte a 32-byte block: blocks of different cores never share one
};

// One AI core: its on-chip buffers. Reused from block to block; reset() forgets all contents.
class Core {
 public:
  explicit Core(const Soc& soc);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  void reset();

  // Executes the stream in program order; `block` is what mov_xd_spr tells. Checks bounds, alignment and uninitialised reads of every instruction;
  // an error's `where` is "instruction 17: vadd f16 dst=...". Different cores may run blocks at the same time.
  Status execute(const Program& program, DeviceMemory& memory, BlockId block = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npu
