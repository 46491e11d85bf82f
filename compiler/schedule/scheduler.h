// SPDX-License-Identifier: Apache-2.0
// Other schedules than the default ones, while a model is compiled: somebody proposes, the timing simulation decides.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/rule.h"
#include "core/chip/timing.h"
#include "core/om/model.h"

namespace npu {

// What tasks with the same decisions have in common: operators, attributes, types, formats, and which operands are constants.
// Names and values are left out.
std::string task_key(const Graph& graph, const TaskSpec& spec);

// A task whose decisions are open, as the compiler reaches it.
struct OpenTask {
  const Soc& soc;
  std::string_view name;     // Task::name
  std::string_view op_type;  // Task::op_type
  std::string_view key;
  const ScheduleSite& site;
  bool vector_task;
  const ChipTimer& before;   // the chip, and its L2, as the tasks before leave it
  int64_t default_cycles;    // of the default schedule, from there
};

// What became of a task's proposal.
struct ScheduleVerdict {
  std::string name, op_type, key;
  Schedule fallback, chosen;  // equal: nothing was better
  int64_t default_cycles = 0, cycles = 0;
  std::string rejected;       // why a proposal was not taken, "" when it was or when there was none
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // nullopt: the default. What is not legal, or not faster than the default, is not taken.
  virtual std::optional<Schedule> propose(const OpenTask& task) = 0;
  virtual void on_verdict(const ScheduleVerdict& verdict) = 0;
  // At the end of each program: what its tasks take together. withdrawn: the proposals made it slower, by what they did to L2, and
  // the default schedules are kept.
  virtual void on_program(int64_t default_cycles, int64_t cycles, bool withdrawn) = 0;
};

// Asks the scheduler for each task of one program, in order, and keeps what is faster.
class ScheduleJudge {
 public:
  ScheduleJudge(const Soc& soc, Scheduler& scheduler) : soc_(soc), scheduler_(scheduler), plain_(soc), chosen_(soc) {}

  // The task is complete, its blocks are those of the default. They are replaced when a proposal is faster.
  void judge(const std::string& key, const std::optional<ScheduleSite>& site, Task& task);
  // After the last task: `tasks` are those that were judged, in order.
  void finish(std::vector<Task>& tasks);

 private:
  void skip(const Task& task);
  std::optional<std::vector<Program>> proposed(const OpenTask& open, const ScheduleSite& site, ScheduleVerdict& verdict);

  const Soc& soc_;
  Scheduler& scheduler_;
  ChipTimer plain_, chosen_;  // with the default schedules, with the chosen ones
  int64_t plain_cycles_ = 0, chosen_cycles_ = 0;
  size_t index_ = 0;
  std::map<size_t, std::vector<Program>> replaced_;  // the default's blocks
  bool lost_ = false;  // a task cannot be timed: nothing is known from there on
};

}  // namespace npu
