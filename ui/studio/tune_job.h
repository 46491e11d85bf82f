// SPDX-License-Identifier: Apache-2.0
// A search for faster schedules on a thread of its own, beside the studio's worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "compiler/tune/tuner.h"
#include "core/base/result.h"

namespace npu::ui {

struct TuneBudget {
  int64_t trials = 200;  // simulated schedules of each different task
  double seconds = 30;   // of the whole search; 0: no limit
};

// How far a search is, or what it found.
struct TuneInfo {
  uint64_t id = 0;             // of the search
  bool running = false;
  bool cancelled = false, out_of_time = false;
  std::optional<Error> error;
  size_t done = 0, total = 0;  // tasks compiled with what was found, of all
  int64_t trials = 0;
  std::string task;            // being searched
  int64_t task_before = 0, task_best = 0;  // its cycles: by default, with the best schedule so far
  int64_t saved = 0;           // cycles that finished tasks take less
  double seconds = 0;
  double before_us = 0, after_us = 0;      // of the whole model, once it is done
  std::vector<ScheduleVerdict> tasks;      // what became of each
  std::shared_ptr<const ScheduleBank> bank;  // with all that was found, also after a cancel
};

// Compiles a model with a scheduler (nullptr: the default schedules) and gives its predicted microseconds; on_progress as in
// CompileObserver.
using TuneCompile = std::function<Result<double>(std::shared_ptr<Scheduler> scheduler, const std::function<bool(size_t done, size_t total)>& on_progress)>;

class TuneJob {
 public:
  // changed: called from the job's thread with the state so far.
  explicit TuneJob(std::function<void(std::shared_ptr<const TuneInfo>)> changed) : changed_(std::move(changed)) {}
  ~TuneJob();
  TuneJob(const TuneJob&) = delete;
  TuneJob& operator=(const TuneJob&) = delete;

  // False while a search is running. bank: what is known already; a search goes on where its trials end.
  bool start(TuneCompile compile, ScheduleBank bank, const TuneBudget& budget);
  // Ends the search; what it has found stays.
  void cancel() { stop_ = true; }
  bool running() const { return running_; }

 private:
  void work(const TuneCompile& compile, ScheduleBank bank, const TuneBudget& budget);
  void publish(bool now);

  std::function<void(std::shared_ptr<const TuneInfo>)> changed_;
  TuneInfo info_;                   // the thread's, while it runs
  double shown_ = 0;                // when info_ was published last
  uint64_t next_id_ = 1;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> running_ = false;
  std::thread thread_;
};

}  // namespace npu::ui
