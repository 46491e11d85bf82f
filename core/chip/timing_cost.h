// SPDX-License-Identifier: Apache-2.0
// What one instruction costs, without what the other instructions do to it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/chip/l2_cache.h"
#include "core/chip/timing.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

// An instruction as the event simulation sees it.
struct Step {
  enum Kind : uint8_t { Scalar, Work, SetFlag, WaitFlag, Barrier, BarrierAll, CrossCoreSet, CrossCoreWait };
  int32_t cycles = 1;  // the pipe is taken for
  uint16_t tail = 0;   // from then until the results are there
  uint16_t flag = 0;   // index of SetFlag, WaitFlag; flag_id of CrossCoreSet, CrossCoreWait
  Kind kind = Work;
  Pipe pipe{};
  uint8_t head = 0;    // more cycles when the pipe was empty
  bool operator==(const Step&) const = default;
};
inline constexpr size_t kFlags = 8 * 8 * 16;

// Bytes in GM that an instruction moves: `bursts` runs of `bytes`, `pitch` apart.
struct GmTransfer {
  int64_t address = 0, bursts = 0, bytes = 0, pitch = 0;
  bool write = false;
  int64_t total() const { return bursts * bytes; }
};
bool touches_gm(const InstrInfo& info);
GmTransfer gm_transfer(const Instr& instr, const IssueState& state);

// Bytes a cycle that one core gets from memory behind L2. Lines pushed out of L2 go their own way, at the chip's rate.
struct DdrRate {
  double read = 0, write = 0;
};
DdrRate ddr_rate(const Soc& soc, double sharing_cores);

// UB's bank of an address, as published for NpuArch 2201 (48 banks in 16 groups): a group reads or writes one 32-byte row a
// cycle, a bank does not read and write at once. The older chips' 64 banks of 4 KB are assumed to have the first limit;
// the second one is left out there, nothing public says that they have it.
constexpr int64_t ub_bank_group(int64_t address) { return (address >> 5) & 15; }
constexpr int64_t ub_bank(int64_t address) { return ub_bank_group(address) + 16 * (address >> 16); }

// Cycles the 8 x repeat blocks of a vector instruction need because of UB's banks: at least one for each repeat.
int64_t bank_cycles(const Soc& soc, const Instr& instr);

// Everything but GM transfers, whose cycles depend on L2 and on who shares the memory: those get `gm_step`.
Step step_of(const Soc& soc, const Instr& instr, Activity& activity);
Step gm_step(const Soc& soc, const Instr& instr, const GmTransfer& transfer, const L2Cache::Outcome& outcome, const DdrRate& rate);

}  // namespace npu
