// SPDX-License-Identifier: Apache-2.0
// When the chip does what: a discrete-event simulation of pipes, flags, queues, L2 and memory bandwidth.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

struct TraceEvent {
  int32_t core = 0;
  int32_t block = 0;
  int32_t instr = 0;     // index in the block's Program
  Pipe pipe{};
  int64_t start = 0;     // cycles since the task's start
  int64_t end = 0;
};

struct PipeTotals {
  int64_t busy = 0;      // cycles
  int64_t instructions = 0;
};

// What was done, for bandwidths and energy.
struct Activity {
  int64_t gm_read_bytes = 0;    // asked for by copies
  int64_t gm_write_bytes = 0;
  int64_t l2_bytes = 0;         // lines moved between L2 and the cores
  int64_t ddr_read_bytes = 0;   // lines fetched into L2
  int64_t ddr_write_bytes = 0;  // lines written back
  int64_t l1_bytes = 0;         // into and out of L1
  int64_t l0_bytes = 0;         // into L0A, L0B and out of L0C
  int64_t ub_bytes = 0;         // into and out of UB, by copies and by the vector unit
  int64_t cube_steps = 0;       // 16x16x16 fp16 steps or what takes as long
  int64_t vector_bytes = 0;     // results of vector instructions
  int64_t instructions = 0;

  Activity& operator+=(const Activity& other);
};

struct TaskTiming {
  int64_t cycles = 0;    // of the slowest core
  std::array<PipeTotals, kPipes> pipes{};  // sums over the cores
  Activity activity;
  std::vector<TraceEvent> events;          // only when asked
};

// One chip over time: L2 keeps its contents from task to task, and what was timed once is not timed again. Blocks
// whose instructions take the same cycles on the same pipes are one case, wherever their data lies.
class ChipTimer {
 public:
  explicit ChipTimer(const Soc& soc);
  ~ChipTimer();
  ChipTimer(ChipTimer&&) noexcept;

  // A chip in the same state, to see what another task would take on it. It does not know what was timed here.
  ChipTimer fork() const;

  // The scalar unit issues in program order into the pipes' queues; pipes run concurrently, each in order; flags and
  // barriers order them. Block i runs on core i % cores after block i - cores.
  // InvalidProgram when the program deadlocks (a wait without its set).
  Result<TaskTiming> time(std::span<const Program> blocks, bool vector_task, bool events = false);

  // Copies of this range pass L2 by from now on (a cache hint of the tensor).
  void bypass_l2(int64_t address, int64_t bytes);

  // The memory traffic of a task that is not made of instructions (AI CPU): it moves through L2 too.
  Activity touch(int64_t address, int64_t bytes, bool write);

  int64_t simulated_blocks() const;  // the others were known already

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One task on a chip whose L2 is empty.
Result<TaskTiming> time_task(const Soc& soc, std::span<const Program> blocks, bool vector_task, bool events = false);

}  // namespace npu
