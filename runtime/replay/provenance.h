// SPDX-License-Identifier: Apache-2.0
// Where bytes in device memory come from: the instructions of the task that made them, back from the stores through conversions
// and multiply-adds to the loads, and the bytes that those loads read.
//
// A byte is followed wherever it may have an influence, so what is found is enough; it may be too much where Dependence::exact says
// so. Values that the scalar unit loads, and the compare mask, are not followed.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/chip/dependence.h"
#include "runtime/replay/replay.h"

namespace npu {

struct TracedOperand {
  Buffer buffer{};
  RangeSet bytes;                 // that matter
  std::vector<std::byte> values;  // of the first of them: before the instruction those it reads, after it those it writes
};

struct TracedStep {
  int64_t position = 0;           // in the replay
  Place place;
  Instr instr;
  std::vector<TracedOperand> reads;
  TracedOperand write;
  bool exact = true;
};

struct TaskTrace {
  size_t task = 0;
  bool cpu = false;               // a task of the AI CPU: no steps, and all its inputs are its sources
  int64_t executed = 0;           // instructions of the task
  size_t found = 0;               // of them that had a part
  std::vector<TracedStep> steps;  // the last of those, in order of execution
  RangeSet sources;               // device bytes from before the task
  bool exact = true;              // every step is
};

struct TraceOptions {
  size_t most_steps = 500;        // kept with their values
  size_t most_values = 64;        // bytes kept of an operand
  int64_t most_executed = 2'000'000;       // CompileLimit naming the task when it executes more instructions
  std::function<bool()> keep_going;        // asked now and then; false: Cancelled
};

// wanted: device bytes as they are after the task. The replay is left somewhere in it.
Result<TaskTrace> trace_task(Replay& replay, const CompiledModel& model, size_t task, const RangeSet& wanted, const TraceOptions& options = {});

// The last task before `end` with an output or workspace among these bytes; nothing: they are weights or inputs of the model.
std::optional<size_t> last_writer(const CompiledModel& model, const RangeSet& bytes, size_t end);

// Where an element lies in device memory; index: in the tensor's logical order. InvalidArgument when there is no such element.
Result<RangeSet> element_bytes(const TensorDesc& desc, int64_t index);

}  // namespace npu
