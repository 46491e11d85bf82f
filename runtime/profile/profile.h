// SPDX-License-Identifier: Apache-2.0
// When everything happens on the chip: all tasks of a model timed in order, with L2 between them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/chip/chip.h"
#include "core/chip/energy.h"
#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu {

struct TaskProfile {
  double start_us = 0;      // since the inference began
  double duration_us = 0;   // on the cores
  double wait_us = 0;       // from the end of the task before
  int64_t cycles = 0;
  int cores = 0;
  TaskTiming timing;        // AI CPU tasks: empty
  double estimated_gflop = 0;  // AI CPU tasks: what the estimate is based on
};

struct ModelProfile {
  std::vector<TaskProfile> tasks;  // as CompiledModel::tasks
  double total_us = 0;             // one inference, launches included, host copies not
  Energy energy;                   // of it, estimated
  double watts() const { return total_us > 0 ? energy.total() / total_us * 1e6 : 0; }
  double tops_per_watt = 0;        // of the model's own multiply-adds, padding not counted
};

// events: keep every instruction's start and end (TaskTiming::events).
Result<ModelProfile> profile_model(const CompiledModel& model, bool events);
// The same streams on a chip with other numbers (fitting, what-if).
Result<ModelProfile> profile_model(const CompiledModel& model, const Soc& soc, bool events);

struct ProfileOptions {
  bool events = false;                                         // as above
  void (*change)(Instr&) = nullptr;                            // each instruction as it is timed instead; may not change what it stands in for
  std::function<bool(size_t task, size_t total)> on_progress;  // before each task; returning false: Cancelled
};
Result<ModelProfile> profile_model(const CompiledModel& model, const Soc& soc, const ProfileOptions& options);

// The pipe that is busy longest, or "launch" for tasks shorter than their launch.
std::string_view bound_pipe(const TaskProfile& task, const Soc& soc);

// The vendor's op_summary (msprof): its columns in its order, one row a task, cells as it writes them.
struct OpSummary {
  std::vector<std::string_view> headers;
  std::vector<std::vector<std::string>> rows;
};
OpSummary op_summary(const CompiledModel& model, const ModelProfile& profile);
// The same as op_summary.csv.
std::string op_summary_csv(const CompiledModel& model, const ModelProfile& profile);

// The vendor's instr_exe.csv (msprof op simulator), one row for each instruction of each block. Needs events.
std::string instruction_csv(const CompiledModel& model, const ModelProfile& profile);

// Timelines with one lane for each core and pipe. Need events.
std::string chrome_trace_json(const CompiledModel& model, const ModelProfile& profile);  // chrome://tracing, Perfetto
std::string perfetto_trace(const CompiledModel& model, const ModelProfile& profile);     // Perfetto's protobuf: a third of the size

}  // namespace npu
