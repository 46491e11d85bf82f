// SPDX-License-Identifier: Apache-2.0
// Two predicted runs beside each other: tasks that do the same nodes' work, and what became of their time.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "runtime/profile/profile.h"

namespace npu {

// What is kept of a run to compare others with.
struct RunTask {
  std::string name, op;
  std::vector<std::string> nodes;       // of the model as it was loaded, where they are known, else of the compiled graph
  double us = 0, wait_us = 0;           // on the chip; before it starts
  std::array<double, kPipes> pipe_us{}; // busy, mean of the task's cores
};
struct RunSummary {
  std::string chip;
  double total_us = 0;
  std::vector<RunTask> tasks;
};
RunSummary summarise(const CompiledModel& model, const ModelProfile& profile);

// Tasks of both runs that share nodes, directly or through others: where fusion differs several stand against one.
struct AlignedTasks {
  std::vector<size_t> before, after;    // in order; one of them may be empty
  double before_us = 0, after_us = 0;   // launches included
  std::array<double, kPipes> before_pipe_us{}, after_pipe_us{};
  double delta_us() const { return after_us - before_us; }
};
struct Comparison {
  std::vector<AlignedTasks> rows;       // in the order of the run after; what only the run before has stands where it stood
  double before_us = 0, after_us = 0;   // of the whole inferences
  std::array<double, kPipes> before_pipe_us{}, after_pipe_us{};
};
Comparison compare_runs(const RunSummary& before, const RunSummary& after);

}  // namespace npu
