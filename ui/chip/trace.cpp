// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/trace.h"

#include <algorithm>

namespace npu::ui {

BlockTrace::BlockTrace(const Timeline& timeline, int32_t task, int32_t block) {
  for (const Lane& lane : timeline.lanes) {
    const auto events = lane.events();
    const auto [first, last] = std::ranges::equal_range(events, task, {}, &Event::task);
    const std::span<const Event> here(first, last);
    if (lane.kind == Lane::Kind::Tasks && !here.empty()) begin_ = here.front().start, end_ = here.back().end;
    if (lane.kind != Lane::Kind::Pipe || here.empty() || here.front().block != block) continue;
    rows_.push_back({lane.pipe, &lane, here});
    for (const Event& event : here) by_instruction_.push_back(&event);
  }
  std::ranges::sort(by_instruction_, [](const Event* a, const Event* b) { return a->instr != b->instr ? a->instr < b->instr : a->start < b->start; });
}

const Event* BlockTrace::at(const Row& row, int64_t time) {
  const auto after = std::ranges::upper_bound(row.events, time, {}, &Event::start);
  if (after == row.events.begin() || std::prev(after)->end <= time) return nullptr;
  return &*std::prev(after);
}

const Event* BlockTrace::of(int32_t instruction, int64_t occurrence) const {
  const auto found = std::ranges::equal_range(by_instruction_, instruction, {}, &Event::instr);
  return occurrence >= 0 && occurrence < std::ssize(found) ? found.begin()[occurrence] : nullptr;
}

const Event* BlockTrace::running(int64_t time) const {
  const auto later = [](const Event* a, const Event* b) { return a == nullptr || (b != nullptr && (b->start != a->start ? b->start > a->start : b->instr > a->instr)); };
  const Event *working = nullptr, *last = nullptr;
  for (const Row& row : rows_) {
    const auto after = std::ranges::upper_bound(row.events, time, {}, &Event::start);
    if (after == row.events.begin()) continue;
    const Event* begun = &*std::prev(after);
    if (later(last, begun)) last = begun;
    if (row.pipe != Pipe::S && !begun->waits && begun->end > time && later(working, begun)) working = begun;
  }
  return working ? working : last;
}

int64_t BlockTrace::occurrence(const Event& event) const {
  const auto found = std::ranges::equal_range(by_instruction_, event.instr, {}, &Event::instr);
  return std::ranges::count_if(found, [&](const Event* other) { return other->start < event.start; });
}

}  // namespace npu::ui
