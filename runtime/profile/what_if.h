// SPDX-License-Identifier: Apache-2.0
// What a model would take if something about the chip or its programs were different: the same streams, simulated again.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "runtime/profile/profile.h"

namespace npu {

enum class Change {
  Memory,     // DDR twice as fast
  L2,         // twice the bytes a cycle between L2 and the cores
  L1,         // twice the bytes a cycle out of L1
  Cube,       // half as many cube steps
  Vector,     // half as many repeats, and twice the bytes a cycle out of L0C
  CopyStart,  // half the cycles that each copy takes before its bytes
  NoWaits,    // no pipe waits for another one: as short as any order of the same instructions can make it
  NoLaunch,   // tasks follow each other at once
};
inline constexpr int kChanges = 8;

struct ChangeEffect {
  Change change{};
  double total_us = 0;          // of one inference
  std::vector<double> task_us;  // of each task, with what it waits for its launch
};

// One row for each of the changes. on_progress: after each task of each change; returning false: Cancelled.
Result<std::vector<ChangeEffect>> what_if(const CompiledModel& model, const Soc& soc, std::span<const Change> changes,
                                          const std::function<bool(size_t done, size_t total)>& on_progress = {});
// All of them.
std::span<const Change> all_changes();

}  // namespace npu
