// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/tune_job.h"

#include <chrono>

namespace npu::ui {
namespace {

constexpr double kShownEvery = 0.05;  // seconds: nobody sees more

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

TuneJob::~TuneJob() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

bool TuneJob::start(TuneCompile compile, ScheduleBank bank, const TuneBudget& budget) {
  if (running_.exchange(true)) return false;
  if (thread_.joinable()) thread_.join();
  stop_ = false;
  info_ = {.id = next_id_++, .running = true};
  thread_ = std::thread([this, compile = std::move(compile), bank = std::move(bank), budget]() mutable { work(compile, std::move(bank), budget); });
  return true;
}

void TuneJob::publish(bool always) {
  const double time = now();
  if (!always && time - shown_ < kShownEvery) return;
  shown_ = time;
  changed_(std::make_shared<const TuneInfo>(info_));
}

void TuneJob::work(const TuneCompile& compile, ScheduleBank bank, const TuneBudget& budget) {
  const double start = now();
  publish(true);
  const auto before = compile(nullptr, [&](size_t, size_t total) { return info_.total = total, !stop_; });
  TuneOptions options{.cube = true, .vector = true, .trials = budget.trials, .seconds = budget.seconds, .clock = now};
  int64_t saved_before = 0;  // by the tasks before the one that is searched
  size_t searched = 0;
  options.on_progress = [&](const Tuner::Progress& progress) {
    if (progress.tasks != searched) searched = progress.tasks, saved_before = info_.saved;
    info_.trials = progress.trials, info_.task = progress.task;
    info_.task_before = progress.default_cycles, info_.task_best = progress.cycles;
    info_.saved = saved_before + progress.default_cycles - progress.cycles;
    info_.seconds = now() - start;
    publish(false);
    return !stop_;
  };
  const auto tuner = std::make_shared<Tuner>(std::move(bank), std::move(options));
  const auto after = before ? compile(tuner, [&](size_t done, size_t total) {
    info_.done = done, info_.total = total;
    publish(false);
    return true;  // a cancelled search leaves the rest its default schedules
  }) : before;
  const TuneResult& result = tuner->result();
  info_.running = false;
  info_.seconds = now() - start;
  info_.trials = result.trials;
  info_.cancelled = stop_, info_.out_of_time = result.out_of_time;
  info_.tasks = result.tasks;
  info_.bank = std::make_shared<const ScheduleBank>(tuner->bank());
  if (!after && after.error().kind != ErrorKind::Cancelled) info_.error = after.error();
  if (before) info_.before_us = *before;
  if (after) info_.after_us = *after;
  running_ = false;
  publish(true);
}

}  // namespace npu::ui
