// SPDX-License-Identifier: Apache-2.0
// The best schedule of a task's whole space, by branch and bound over the simulation.
#pragma once

#include "compiler/schedule/scheduler.h"
#include "compiler/tune/search.h"

namespace npu::test {

struct Exhaustive {
  int64_t cycles = 0;        // of the best
  Schedule schedule;
  int64_t legal = 0;         // schedules in the space
  int64_t simulated = 0;     // the others cannot be better: their lower bound says so
};

// better_than: cycles of a known schedule, so that less has to be looked at.
Exhaustive search_exhaustively(const OpenTask& task, int64_t better_than);

}  // namespace npu::test
