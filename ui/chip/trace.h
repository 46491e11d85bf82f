// SPDX-License-Identifier: Apache-2.0
// One block's instructions in the simulated time of its core: what runs when, and when an instruction runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ui/studio/timeline.h"

namespace npu::ui {

class BlockTrace {
 public:
  // Of the core's lanes in the cycles of the task. Empty where the timeline has no events of it.
  BlockTrace() = default;
  BlockTrace(const Timeline& timeline, int32_t task, int32_t block);

  struct Row {
    Pipe pipe{};
    const Lane* lane = nullptr;     // of the timeline
    std::span<const Event> events;  // of it, those of the block
  };
  std::span<const Row> rows() const { return rows_; }
  int64_t begin() const { return begin_; }  // cycles since the inference began
  int64_t end() const { return end_; }
  bool empty() const { return rows_.empty(); }

  // What a pipe does at a time: the event with start <= time < end; null when it does nothing.
  static const Event* at(const Row& row, int64_t time);
  // When an instruction of the program runs for the (occurrence + 1)-th time, and in which row; null without a trace.
  const Event* of(int32_t instruction, int64_t occurrence = 0) const;
  // The instruction that a person who points at `time` means: of the running ones that work the one begun last, else
  // the last one begun (flags included). Null before the first.
  const Event* running(int64_t time) const;
  // How many times `event`'s instruction has run before it.
  int64_t occurrence(const Event& event) const;

 private:
  std::vector<Row> rows_;
  std::vector<const Event*> by_instruction_;  // sorted by instruction, then start
  int64_t begin_ = 0, end_ = 0;
};

}  // namespace npu::ui
