// SPDX-License-Identifier: Apache-2.0
#include "core/chip/core_timeline.h"

#include <algorithm>

namespace npu {

CoreTimeline::CoreTimeline(int queue_depth, std::vector<TraceEvent>* events)
    : depth_(std::clamp<size_t>(static_cast<size_t>(queue_depth), 1, kMaxDepth)), events_(events) {}

void CoreTimeline::record(int32_t index, Pipe pipe, int64_t start, int64_t end) {
  if (events_) events_->push_back({0, 0, index, pipe, start, end});
}

int64_t CoreTimeline::drained() const {
  int64_t end = issue_time_;
  for (const PipeState& pipe : pipes_) end = std::max(end, pipe.free + pipe.tail);
  return end;
}

bool CoreTimeline::issue(const Step& step, int32_t index) {
  if (step.kind == Step::Scalar || step.kind == Step::BarrierAll) {
    if (step.kind == Step::BarrierAll) {
      if (waiting_ > 0) return false;
      issue_time_ = drained();
      for (PipeState& pipe : pipes_) pipe.free = issue_time_, pipe.tail = 0;
    }
    record(index, Pipe::S, issue_time_, issue_time_ + step.cycles);
    issue_time_ += step.cycles;
    PipeTotals& totals = totals_[static_cast<size_t>(Pipe::S)];
    totals.busy += step.cycles;
    ++totals.instructions;
    return true;
  }
  if (step.pipe == Pipe::S) return issue_flag(step, index);
  PipeState& pipe = pipes_[static_cast<size_t>(step.pipe)];
  if (pipe.waiting.size() >= depth_) return false;
  // The slot was freed when the instruction `depth` before this one started.
  if (pipe.count >= depth_) issue_time_ = std::max(issue_time_, pipe.started[(pipe.count - depth_) % kMaxDepth]);
  ++pipe.count;
  const int64_t issued = issue_time_++;
  if (!pipe.waiting.empty() || !execute(step, index, issued)) {
    waiting_ += pipe.waiting.empty();
    pipe.waiting.push_back({step, index, issued});
  }
  return true;
}

// A flag of the scalar unit's own: nothing is issued until what it waits for was set, which only what is issued can do.
bool CoreTimeline::issue_flag(const Step& step, int32_t index) {
  Flag& flag = flags_[step.flag];
  const int64_t start = issue_time_;
  if (step.kind == Step::WaitFlag) {
    if (flag.set == 0) return false;
    issue_time_ = std::max(issue_time_, flag.time);
    --flag.set;
  }
  ++issue_time_;
  record(index, Pipe::S, start, issue_time_);
  if (step.kind == Step::CrossCoreSet) arrivals_[step.flag].push_back(issue_time_);
  if (step.kind == Step::SetFlag) {
    ++flag.set;
    flag.time = issue_time_;
    if (waiting_ > 0) wake((step.flag / 16) % 8);
  }
  return true;
}

void CoreTimeline::wait_until(int64_t time, int32_t index) {
  const int64_t start = issue_time_;
  issue_time_ = std::max(issue_time_, time) + 1;
  record(index, Pipe::S, start, issue_time_);
}

bool CoreTimeline::execute(const Step& step, int32_t index, int64_t issued) {
  const auto p = static_cast<size_t>(step.pipe);
  PipeState& pipe = pipes_[p];
  const int64_t start = std::max(issued, pipe.free);
  int64_t end = start + 1;
  switch (step.kind) {
    case Step::WaitFlag: {
      Flag& flag = flags_[step.flag];
      if (flag.set == 0) return false;
      end = std::max(start, flag.time) + 1;
      pipe.synced = flag.time > start;  // a bubble: the pipe has run empty
      --flag.set;
      break;
    }
    case Step::CrossCoreSet:
    case Step::SetFlag: end = std::max(end, pipe.free + pipe.tail); break;
    case Step::Barrier:
      end = std::max(end, pipe.free + pipe.tail);
      pipe.tail = 0;
      pipe.synced = true;
      break;
    default: {
      end = start + step.cycles + (issued >= pipe.free || pipe.synced ? step.head : 0);
      pipe.tail = step.tail;
      pipe.synced = false;
      totals_[p].busy += end - start;
      ++totals_[p].instructions;
    }
  }
  const size_t position = pipe.count - 1 - pipe.waiting.size();
  pipe.started[position % kMaxDepth] = start;
  // Setting a flag does not hold the pipe up: it happens when what came before is complete.
  const bool sets = step.kind == Step::SetFlag || step.kind == Step::CrossCoreSet;
  pipe.free = sets ? start + 1 : end;
  if (sets) pipe.tail = std::max<int64_t>(0, end - pipe.free);
  record(index, step.pipe, start, end);
  if (step.kind == Step::CrossCoreSet) arrivals_[step.flag].push_back(end);
  if (step.kind == Step::SetFlag) {
    Flag& flag = flags_[step.flag];
    ++flag.set;
    flag.time = end;
    if (waiting_ > 0) wake((step.flag / 16) % 8);
  }
  return true;
}

// The pipe that may have waited for a flag just set goes on as far as it can.
void CoreTimeline::wake(size_t p) {
  if (p >= kPipes) return;
  PipeState& pipe = pipes_[p];
  while (!pipe.waiting.empty()) {
    const Queued head = pipe.waiting.front();
    // execute() needs this instruction's own position: it counts as no longer waiting.
    pipe.waiting.pop_front();
    if (pipe.waiting.empty()) --waiting_;
    if (execute(head.step, head.index, head.issued)) continue;
    if (pipe.waiting.empty()) ++waiting_;
    pipe.waiting.push_front(head);
    return;
  }
}

void CoreTimeline::repeat(const Mark& start, int64_t iterations, int64_t sample) {
  const auto scaled = [&](int64_t amount) { return static_cast<int64_t>(static_cast<double>(amount) * static_cast<double>(iterations) / static_cast<double>(sample)); };
  const int64_t shift = scaled(issue_time_ - start.time);
  issue_time_ += shift;
  for (PipeState& pipe : pipes_) {
    pipe.free += shift;
    for (int64_t& time : pipe.started) time += shift;
    for (Queued& queued : pipe.waiting) queued.issued += shift;
  }
  for (Flag& flag : flags_) flag.time += shift;
  for (size_t p = 0; p < kPipes; ++p) {
    totals_[p].busy += scaled(totals_[p].busy - start.totals[p].busy);
    totals_[p].instructions += scaled(totals_[p].instructions - start.totals[p].instructions);
  }
}

std::expected<int64_t, int32_t> CoreTimeline::finish() const {
  for (const PipeState& pipe : pipes_)
    if (!pipe.waiting.empty()) return std::unexpected(pipe.waiting.front().index);
  return drained();
}

}  // namespace npu
