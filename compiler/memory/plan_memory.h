// SPDX-License-Identifier: Apache-2.0
// Which tensor lives where in the arena: tensors that are not needed at the same time share addresses.
#pragma once

#include <span>
#include <vector>

#include "compiler/lower/rule.h"
#include "compiler/memory/storage_map.h"

namespace npu {

struct MemoryPlan {
  std::vector<int64_t> offset;     // by ValueId, in the arena; -1: not there
  std::vector<int64_t> workspace;  // by task, in the arena; -1: the task needs none
  std::vector<BufferLife> lives;   // in the order of their first task
  int64_t arena_bytes = 0;
};

struct MemoryOptions {
  bool reuse = true;     // false: every buffer has addresses of its own
  bool in_place = true;  // with reuse: results may take over the buffers of inputs that die there (compiler/lower/in_place.h)
};

// tasks in execution order; workspaces: bytes of scratch for each task. A buffer lives from the task that writes it to
// the last that reads it, one with parts from the first that writes one; inputs of the graph through the whole run (so that it can be repeated), outputs to its end.
// A result that is written in place and the input it is written over are one buffer, which lives as long as both together.
Result<MemoryPlan> plan_memory(const Graph& graph, std::span<const TaskSpec> tasks, std::span<const int64_t> workspaces,
                               const MemoryOptions& options = {});

}  // namespace npu
