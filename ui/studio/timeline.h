// SPDX-License-Identifier: Apache-2.0
// All events of one inference in lanes, searchable in logarithmic time, so that drawing costs
// (visible pixels x log events) however many events there are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/isa/isa.h"

namespace npu::ui {

struct Event {
  int64_t start = 0;  // cycles since the inference began
  int64_t end = 0;
  int32_t task = 0;
  int32_t block = 0;  // of the task; -1: the event is a whole task
  int32_t instr = 0;  // of the block's program
  bool waits = false; // the pipe stands still until a flag is set: no work
};

// One row of the timeline: events that do not overlap, by time.
class Lane {
 public:
  enum class Kind { Tasks, Pipe, AiCpu };

  Kind kind = Kind::Pipe;
  int core = 0;
  Pipe pipe = Pipe::S;

  void add(const Event& event) { events_.push_back(event); }
  void finish();  // sorts; call once, after the last add

  std::span<const Event> events() const { return events_; }
  // Index of the first event that ends after `time`.
  size_t first_after(int64_t time) const;
  // The event that covers `time`, or nullptr.
  const Event* at(int64_t time) const;
  // Cycles in [begin, end) during which an event does work.
  int64_t busy(int64_t begin, int64_t end) const;

 private:
  int64_t busy_before(int64_t time) const;

  std::vector<Event> events_;
  std::vector<int64_t> prefix_;  // prefix_[i]: cycles of events_[0..i)
};

struct Timeline {
  std::vector<Lane> lanes;
  int64_t end = 0;        // cycles
  double cycles_per_us = 1000;
  size_t event_count = 0;
  bool truncated = false;  // tasks whose instructions are left out because there were too many
};

// A rectangle to draw: one event that is at least `min_pixels` wide, or a run of smaller ones with their coverage.
struct Span {
  float x0 = 0;
  float x1 = 0;
  const Event* event = nullptr;  // nullptr: several
  float coverage = 1;            // 0..1
};

// What of `lane` to draw when [view_begin, view_end) is `width` pixels wide. Reuses `out`.
void visible_spans(const Lane& lane, double view_begin, double view_end, float width, std::vector<Span>& out);

}  // namespace npu::ui
