// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory/plan_memory.h"

#include <algorithm>

#include "compiler/group_tasks.h"
#include "compiler/memory/place.h"

namespace npu {
namespace {

class Planner {
 public:
  Planner(const Graph& graph, std::span<const TaskSpec> tasks)
      : graph_(graph),
        storage_(graph),
        last_(std::max<int32_t>(0, static_cast<int32_t>(tasks.size()) - 1)),
        buffer_of_(graph.value_count(), -1) {}

  Result<MemoryPlan> run(std::span<const TaskSpec> tasks, std::span<const int64_t> workspaces,
                         const MemoryOptions& options) {
    for (ValueId input : graph_.inputs) {
      NPU_CHECK(add(input, 0));
      use(input, last_);
    }
    MemoryPlan plan;
    std::vector<int64_t> scratch(tasks.size(), -1);
    for (size_t t = 0; t < tasks.size(); ++t) {
      const auto now = static_cast<int32_t>(t);
      for (ValueId input : tasks[t].inputs) use(input, now);
      for (ValueId output : tasks[t].outputs) NPU_CHECK(add(output, now));
      if (t >= workspaces.size() || workspaces[t] <= 0) continue;
      scratch[t] = static_cast<int64_t>(buffers_.size());
      const std::string name = graph_.node(tasks[t].nodes.back()).name + " (workspace)";
      buffers_.push_back({.name = name, .bytes = workspaces[t], .first_task = now, .last_task = now});
    }
    for (ValueId output : graph_.outputs) use(output, last_);

    plan.arena_bytes = place_buffers(buffers_, options.reuse);
    plan.offset.assign(graph_.value_count(), -1);
    for (size_t v = 0; v < plan.offset.size(); ++v) {
      const StoragePlace place = storage_.of(static_cast<ValueId>(v));
      const int64_t buffer = buffer_of_[static_cast<size_t>(place.whole)];
      if (buffer >= 0) plan.offset[v] = buffers_[static_cast<size_t>(buffer)].offset + place.offset;
    }
    for (int64_t buffer : scratch)
      plan.workspace.push_back(buffer < 0 ? -1 : buffers_[static_cast<size_t>(buffer)].offset);
    plan.lives = std::move(buffers_);
    std::ranges::stable_sort(plan.lives, {}, &BufferLife::first_task);
    return plan;
  }

 private:
  int64_t& buffer_of(ValueId id) { return buffer_of_[static_cast<size_t>(storage_.of(id).whole)]; }

  Status add(ValueId id, int32_t task) {
    if (buffer_of(id) >= 0) return use(id, task), Status();  // another part of the same whole is there
    const Value& whole = graph_.value(storage_.of(id).whole);
    NPU_TRY(const int64_t bytes, physical_bytes(whole));
    buffer_of(id) = static_cast<int64_t>(buffers_.size());
    buffers_.push_back({.name = whole.name, .bytes = bytes, .first_task = task, .last_task = task});
    return {};
  }

  void use(ValueId id, int32_t task) {
    const int64_t buffer = buffer_of(id);
    if (buffer < 0) return;  // a constant: it lies in the weights
    int32_t& last = buffers_[static_cast<size_t>(buffer)].last_task;
    last = std::max(last, task);
  }

  const Graph& graph_;
  StorageMap storage_;
  int32_t last_;
  std::vector<int64_t> buffer_of_;  // index in buffers_, by the whole value; -1: none
  std::vector<BufferLife> buffers_;
};

}  // namespace

Result<MemoryPlan> plan_memory(const Graph& graph, std::span<const TaskSpec> tasks, std::span<const int64_t> workspaces,
                               const MemoryOptions& options) {
  return Planner(graph, tasks).run(tasks, workspaces, options);
}

}  // namespace npu
