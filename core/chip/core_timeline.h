// SPDX-License-Identifier: Apache-2.0
// One core's pipes running one stream. Each pipe is a queue and they only meet in flags and queue slots, so the
// stream can be followed once in program order: an instruction's times are known as soon as it is issued, unless it
// waits for a flag that a later instruction sets.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <expected>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/chip/timing.h"
#include "core/chip/timing_cost.h"

namespace npu {

class CoreTimeline {
 public:
  // events: may be null. Times start at 0.
  CoreTimeline(int queue_depth, std::vector<TraceEvent>* events);

  bool issue(const Step& step, int32_t index);  // false: the scalar unit can never go on
  // The end of everything; or, when a wait is never satisfied, the index of that instruction.
  std::expected<int64_t, int32_t> finish() const;

  // Everything happens `iterations` times more the way it did in the last `sample` iterations, since `start`.
  struct Mark {
    int64_t time = 0;
    std::array<PipeTotals, kPipes> totals{};
  };
  Mark mark() const { return {issue_time_, totals_}; }
  void repeat(const Mark& start, int64_t iterations, int64_t sample);

  const std::array<PipeTotals, kPipes>& totals() const { return totals_; }

  // When this block was at a cross-core flag, each time; and a wait for such a flag, which is set at `time`.
  std::span<const int64_t> arrivals(size_t flag) const { return arrivals_[flag]; }
  void wait_until(int64_t time, int32_t index);

 private:
  static constexpr size_t kMaxDepth = 64;

  struct Queued {
    Step step;
    int32_t index;
    int64_t issued;
  };
  struct PipeState {
    int64_t free = 0;
    int64_t tail = 0;
    bool synced = false;                        // it ran empty at a flag or barrier
    std::array<int64_t, kMaxDepth> started{};   // of the last instructions: when their queue slots became free
    size_t count = 0;                           // instructions that entered the queue
    std::deque<Queued> waiting;                 // the first one waits for a flag
  };
  struct Flag {
    int32_t set = 0;    // times set and not yet waited for
    int64_t time = 0;   // of the latest set
  };

  bool issue_flag(const Step& step, int32_t index);
  bool execute(const Step& step, int32_t index, int64_t issued);  // false: its flag is not set yet
  void wake(size_t pipe);
  void record(int32_t index, Pipe pipe, int64_t start, int64_t end);
  int64_t drained() const;

  size_t depth_;
  std::vector<TraceEvent>* events_;
  int64_t issue_time_ = 0;
  std::array<PipeState, kPipes> pipes_;
  std::array<Flag, kFlags> flags_;
  std::array<PipeTotals, kPipes> totals_{};
  size_t waiting_ = 0;  // pipes that wait
  std::array<std::vector<int64_t>, kCrossCoreFlags> arrivals_;
};

}  // namespace npu
