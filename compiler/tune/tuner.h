// SPDX-License-Identifier: Apache-2.0
// Tuning while a model is compiled: CompileOptions::scheduler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/schedule/scheduler.h"
#include "compiler/tune/bank.h"

namespace npu {

struct TuneOptions {
  bool cube = false, vector = false;  // search the tasks of this kind; the others have what the bank knows
  int64_t trials = 200;               // simulated schedules of one task at most, those in the bank included
  double seconds = 0;                 // of the whole run, by `clock`; 0: no limit
  std::function<double()> clock;      // seconds since some moment; needed for a limit
  uint64_t seed = 1;
  // (tasks searched so far, trials so far, the task, its best cycles and the default's); returning false cancels: tasks that are
  // not tuned yet have the default schedules, and the bank has what was found.
  struct Progress {
    size_t tasks = 0;
    int64_t trials = 0;
    std::string_view task;
    int64_t default_cycles = 0, cycles = 0;
  };
  std::function<bool(const Progress&)> on_progress;
};

struct TuneResult {
  std::vector<ScheduleVerdict> tasks;  // in the order in which they were compiled; of several gears one after the other
  std::vector<std::string> warnings;   // what of the bank was not used, and why
  int64_t trials = 0;                  // simulated in this run
  int64_t default_cycles = 0, cycles = 0;  // of all programs' tasks on the AI cores
  bool cancelled = false;
  bool out_of_time = false;
};

// Proposes what the bank has for a task; before that, searches those that are asked for and puts what it finds into the bank.
class Tuner : public Scheduler {
 public:
  using Progress = TuneOptions::Progress;

  Tuner(ScheduleBank bank, TuneOptions options);

  std::optional<Schedule> propose(const OpenTask& task) override;
  void on_verdict(const ScheduleVerdict& verdict) override;
  void on_program(int64_t default_cycles, int64_t cycles, bool withdrawn) override;

  const ScheduleBank& bank() const { return bank_; }
  const TuneResult& result() const { return result_; }

 private:
  void search(const OpenTask& task);
  bool go_on();

  ScheduleBank bank_;
  TuneOptions options_;
  TuneResult result_;
  double deadline_ = 0;
  size_t searched_ = 0;
  size_t first_of_program_ = 0;  // in result_.tasks
};

// A bank that is only looked up.
std::shared_ptr<Tuner> use_bank(ScheduleBank bank);

}  // namespace npu
