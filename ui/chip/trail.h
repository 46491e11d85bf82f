// SPDX-License-Identifier: Apache-2.0
// Who wrote what: the on-chip buffers of one core while the instructions of a block go by.
#pragma once

#include <functional>
#include <span>

#include "core/soc/soc.h"
#include "ui/chip/moment.h"

namespace npu::ui {

// fn(begin, bytes) for each run of an access.
template <class Fn>
void for_each_run(const Access& access, Fn&& fn) {
  const int64_t bytes = access.length * access.outer * access.inner;
  if (bytes <= 0) return;
  if (bytes == access.end - access.begin) return fn(access.begin, bytes);
  for (int64_t i = 0; i < access.outer; ++i)
    for (int64_t j = 0; j < access.inner; ++j) fn(access.begin + i * access.outer_pitch + j * access.inner_pitch, access.length);
}

// Whether it touches a byte of [begin, end).
bool touches(const Access& access, int64_t begin, int64_t end);

// Kept in granules of 32 bytes: of a granule that several wrote, the last one is known.
class Trail {
 public:
  explicit Trail(const Soc& soc);

  void start(const Task& task);
  // The block's next instruction, and what it touches.
  void add(const Instr& instr, int32_t instruction, std::span<const Access> accesses);
  int64_t steps() const { return static_cast<int64_t>(steps_.size()); }

  std::vector<ChipTile> tiles(Buffer buffer) const;
  // Of the bytes that an access reads.
  Origin origin(const Access& access) const;
  VecType type(const Access& access, const Instr& instr) const;

 private:
  struct Step {
    int32_t instruction;
    Opcode op;
    VecType type;
    Origin origin;
  };
  int32_t writer_at(Buffer buffer, int64_t address) const;  // -1: nothing wrote there

  const Task* task_ = nullptr;
  std::vector<Step> steps_;
  std::array<std::vector<int32_t>, kBuffers> writers_;  // step + 1 of each granule; GM has none
};

}  // namespace npu::ui
