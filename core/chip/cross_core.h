// SPDX-License-Identifier: Apache-2.0
// Blocks of a task that meet at cross-core flags. They run in turns, block 0 first, each until it waits for a flag that is
// not set: the same order with any number of host threads.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/chip/chip.h"

namespace npu {

bool meets_other_blocks(std::span<const Program> blocks);

// InvalidProgram when blocks that meet are more than the cores they need at the same time.
Status check_enough_cores(const Soc& soc, bool vector_task, std::span<const Program> blocks);

// The counters of ffts_cross_core_sync and wait_flag_dev.
class CrossCoreFlags {
 public:
  explicit CrossCoreFlags(size_t blocks) : arrived_(blocks), taken_(blocks) {}

  Status arrive(size_t block, int64_t flag);  // InvalidProgram when a block's counter would pass 15
  bool take(size_t block, int64_t flag);      // false: the counter is 0
  int32_t taken(size_t block, int64_t flag) const { return taken_[block][static_cast<size_t>(flag)]; }
  int32_t arrived(size_t block, int64_t flag) const { return arrived_[block][static_cast<size_t>(flag)]; }
  int32_t counter(size_t block, int64_t flag) const { return complete(flag) - taken(block, flag); }
  // "blocks 1, 2 and 5 more", which have not done what `block` waits for.
  std::string missing(size_t block, int64_t flag) const;

 private:
  using Counts = std::array<int32_t, kCrossCoreFlags>;
  int32_t complete(int64_t flag) const;  // times all blocks have arrived

  std::vector<Counts> arrived_, taken_;
};

// "deadlock: block 0 waits for flag 2, which blocks 1, 2 have not set; ..."; waits: flag of each block, -1 for none.
Error cross_core_deadlock(const CrossCoreFlags& flags, std::span<const int64_t> waits);

// next(block) gives the block's next cross-core instruction, null at its end. It is asked again when that is done.
template <class Next>
Status run_in_turns(size_t blocks, CrossCoreFlags& flags, Next&& next) {
  constexpr int64_t kRuns = -1;
  std::vector<int64_t> waits(blocks, kRuns);
  std::vector<bool> ended(blocks);
  for (size_t left = blocks; left > 0;) {
    bool moved = false;
    for (size_t b = 0; b < blocks; ++b) {
      if (ended[b] || (waits[b] != kRuns && !flags.take(b, waits[b]))) continue;
      moved = true;
      for (waits[b] = kRuns; waits[b] == kRuns && !ended[b];) {
        NPU_TRY(const Instr* at, next(b));
        if (!at) ended[b] = true, --left;
        else if (at->op == Opcode::FftsCrossCoreSync) NPU_CHECK(flags.arrive(b, at->arg[field::kSyncFlag]));
        else if (!flags.take(b, at->arg[0])) waits[b] = at->arg[0];
      }
    }
    if (!moved) return std::unexpected(cross_core_deadlock(flags, waits));
  }
  return {};
}

// Executes all blocks, each on a core of its own (as many cores as blocks). Errors name the block and the instruction.
Status execute_together(std::span<Core> cores, std::span<const Program> blocks, DeviceMemory& memory);

}  // namespace npu
