// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory/plan_memory.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "compiler/group_tasks.h"
#include "compiler/lower/in_place.h"
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
      keep(input);
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
    for (ValueId output : graph_.outputs) use(output, last_), keep(output);
    if (options.reuse && options.in_place) {
      for (size_t t = 0; t < tasks.size(); ++t) write_in_place(tasks[t], static_cast<int32_t>(t));
      drop_joined(scratch);
    }

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

  // The caller may look at it after the run, or run again.
  void keep(ValueId id) {
    if (const int64_t buffer = buffer_of(id); buffer >= 0) kept_.insert(buffer);
  }

  // Makes the task's result part of the buffer of an input that nothing needs any more.
  void write_in_place(const TaskSpec& task, int32_t now) {
    const std::vector<ValueId> candidates = in_place_inputs(graph_, task);
    const auto over = std::ranges::find_if(candidates, [&](ValueId input) { return may_take_over(task, candidates, input, now); });
    if (over != candidates.end()) join(buffer_of(*over), buffer_of(task.outputs[0]));
  }

  bool may_take_over(const TaskSpec& task, const std::vector<ValueId>& candidates, ValueId input, int32_t now) {
    const int64_t old = buffer_of(input), fresh = buffer_of(task.outputs[0]);
    if (old < 0 || old == fresh || kept_.contains(old)) return false;
    const BufferLife &dying = buffers_[static_cast<size_t>(old)], &born = buffers_[static_cast<size_t>(fresh)];
    if (dying.last_task != now || born.first_task != now || dying.bytes != born.bytes) return false;
    // Whatever else the task reads there must be the same elements.
    return std::ranges::all_of(task.inputs, [&](ValueId other) {
      return buffer_of(other) != old || (std::ranges::count(candidates, other) > 0 && lies_alike(other, task.outputs[0]));
    });
  }

  bool lies_alike(ValueId a, ValueId b) const {
    return storage_.of(a).offset == storage_.of(b).offset && physical_bytes(graph_.value(a)).value_or(-1) == physical_bytes(graph_.value(b)).value_or(-2);
  }

  // The fresh buffer becomes the old one's continuation.
  void join(int64_t old, int64_t fresh) {
    BufferLife &first = buffers_[static_cast<size_t>(old)], &then = buffers_[static_cast<size_t>(fresh)];
    then.first_task = first.first_task;
    then.name = first.name.substr(0, first.name.find(kJoins)) + kJoins + then.name;
    joined_[old] = fresh;
  }

  void drop_joined(std::vector<int64_t>& scratch) {
    if (joined_.empty()) return;
    std::vector<int64_t> place(buffers_.size());
    std::vector<BufferLife> left;
    for (size_t i = 0; i < buffers_.size(); ++i)
      if (!joined_.contains(static_cast<int64_t>(i))) place[i] = std::ssize(left), left.push_back(std::move(buffers_[i]));
    // Each ends where a later one begins.
    for (const auto& [old, fresh] : joined_ | std::views::reverse) place[static_cast<size_t>(old)] = place[static_cast<size_t>(fresh)];
    for (std::vector<int64_t>* indices : {&buffer_of_, &scratch})
      for (int64_t& index : *indices)
        if (index >= 0) index = place[static_cast<size_t>(index)];
    buffers_ = std::move(left);
  }

  static constexpr const char* kJoins = " .. ";  // between the names of a buffer's first and last value

  const Graph& graph_;
  StorageMap storage_;
  int32_t last_;
  std::vector<int64_t> buffer_of_;  // index in buffers_, by the whole value; -1: none
  std::vector<BufferLife> buffers_;
  std::set<int64_t> kept_;               // buffers of the model's inputs and outputs
  std::map<int64_t, int64_t> joined_;    // to the buffer that goes on where they end
};

}  // namespace

Result<MemoryPlan> plan_memory(const Graph& graph, std::span<const TaskSpec> tasks, std::span<const int64_t> workspaces,
                               const MemoryOptions& options) {
  return Planner(graph, tasks).run(tasks, workspaces, options);
}

}  // namespace npu
