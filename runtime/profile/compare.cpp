// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/compare.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

namespace npu {
namespace {

RunTask summarise_task(const CompiledModel& model, const Task& task, const TaskProfile& profile, const Soc* soc) {
  RunTask row{.name = task.name, .op = task.op_type, .us = profile.duration_us, .wait_us = profile.wait_us};
  for (size_t i = 1; i < task.fused.size(); ++i) row.op += " + " + task.fused[i];
  for (const NodeId id : task.nodes) {
    const Node& node = model.graph.node(id);
    if (node.origin.empty()) row.nodes.push_back(node.name);
    row.nodes.insert(row.nodes.end(), node.origin.begin(), node.origin.end());
  }
  if (soc)
    for (size_t pipe = 0; pipe < kPipes; ++pipe)
      row.pipe_us[pipe] = soc->cycles_to_us(static_cast<double>(profile.timing.pipes[pipe].busy) / std::max(1, profile.cores));
  return row;
}

// Sets that grow together; the smallest member stands for each.
class Groups {
 public:
  explicit Groups(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    a = find(a), b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parent_;
};

void add(const RunTask& task, double& us, std::array<double, kPipes>& pipes) {
  us += task.us + task.wait_us;
  for (size_t pipe = 0; pipe < kPipes; ++pipe) pipes[pipe] += task.pipe_us[pipe];
}

}  // namespace

RunSummary summarise(const CompiledModel& model, const ModelProfile& profile) {
  RunSummary run{.chip = model.soc, .total_us = profile.total_us, .tasks = {}};
  const auto soc = find_soc(model.soc);
  for (size_t i = 0; i < model.tasks.size() && i < profile.tasks.size(); ++i)
    run.tasks.push_back(summarise_task(model, model.tasks[i], profile.tasks[i], soc ? *soc : nullptr));
  return run;
}

Comparison compare_runs(const RunSummary& before, const RunSummary& after) {
  const size_t first_after = before.tasks.size();
  Groups groups(first_after + after.tasks.size());
  std::map<std::string_view, size_t> owner;  // of a node: the first task that has it
  const auto claim = [&](const RunTask& task, size_t index) {
    const auto take = [&](std::string_view name) { groups.join(owner.try_emplace(name, index).first->second, index); };
    take(task.name);
    for (const std::string& node : task.nodes) take(node);
  };
  for (size_t i = 0; i < before.tasks.size(); ++i) claim(before.tasks[i], i);
  for (size_t i = 0; i < after.tasks.size(); ++i) claim(after.tasks[i], first_after + i);

  Comparison result{.rows = {}, .before_us = before.total_us, .after_us = after.total_us};
  std::map<size_t, AlignedTasks> rows;
  for (size_t i = 0; i < before.tasks.size(); ++i) {
    AlignedTasks& row = rows[groups.find(i)];
    row.before.push_back(i);
    add(before.tasks[i], row.before_us, row.before_pipe_us);
  }
  for (size_t i = 0; i < after.tasks.size(); ++i) {
    AlignedTasks& row = rows[groups.find(first_after + i)];
    row.after.push_back(i);
    add(after.tasks[i], row.after_us, row.after_pipe_us);
  }
  // The run after gives the order; a row it does not have follows the row of the task that stood before it.
  std::map<std::pair<size_t, size_t>, AlignedTasks> ordered;
  std::vector<size_t> place(before.tasks.size(), 0);  // behind which task of the run after
  for (const auto& [key, row] : rows)
    for (const size_t i : row.before)
      if (!row.after.empty()) place[i] = row.after.front() + 1;
  for (auto& [key, row] : rows) {
    size_t behind = 0;
    if (!row.after.empty()) behind = row.after.front() + 1;
    else for (size_t i = row.before.front(); i > 0 && behind == 0; --i) behind = place[i - 1];
    ordered.emplace(std::pair(behind, row.after.empty() ? row.before.front() + 1 : 0), std::move(row));
  }
  for (auto& [at, row] : ordered) {
    for (size_t pipe = 0; pipe < kPipes; ++pipe) result.before_pipe_us[pipe] += row.before_pipe_us[pipe], result.after_pipe_us[pipe] += row.after_pipe_us[pipe];
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace npu
