// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/timeline.h"

#include <algorithm>
#include <cmath>

namespace npu::ui {
namespace {

constexpr float kMinPixels = 2.0f;   // narrower events are merged
constexpr float kMergePixels = 2.0f; // into cells of this width

}  // namespace

void Lane::finish() {
  std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.start < b.start; });
  prefix_.assign(events_.size() + 1, 0);
  for (size_t i = 0; i < events_.size(); ++i) {
    // The search needs ends in order too; an overlap would be a bug of the timing model and only looks wrong here.
    if (i > 0) events_[i].end = std::max(events_[i].end, events_[i - 1].end);
    const int64_t start = i > 0 ? std::max(events_[i].start, events_[i - 1].end) : events_[i].start;
    prefix_[i + 1] = prefix_[i] + (events_[i].waits ? 0 : std::max<int64_t>(0, events_[i].end - start));
  }
}

size_t Lane::first_after(int64_t time) const {
  const auto it = std::upper_bound(events_.begin(), events_.end(), time,
                                   [](int64_t t, const Event& event) { return t < event.end; });
  return static_cast<size_t>(it - events_.begin());
}

const Event* Lane::at(int64_t time) const {
  const size_t i = first_after(time);
  return i < events_.size() && events_[i].start <= time ? &events_[i] : nullptr;
}

int64_t Lane::busy_before(int64_t time) const {
  const size_t i = first_after(time);
  int64_t cycles = prefix_[i];
  if (i < events_.size() && events_[i].start < time)
    cycles += std::min(time - events_[i].start, prefix_[i + 1] - prefix_[i]);
  return cycles;
}

int64_t Lane::busy(int64_t begin, int64_t end) const {
  if (prefix_.empty() || end <= begin) return 0;
  return busy_before(end) - busy_before(begin);
}

void visible_spans(const Lane& lane, double view_begin, double view_end, float width, std::vector<Span>& out) {
  out.clear();
  if (view_end <= view_begin || width <= 0) return;
  const double pixels_per_cycle = width / (view_end - view_begin);
  const auto to_x = [&](double time) { return static_cast<float>((time - view_begin) * pixels_per_cycle); };
  const auto to_time = [&](float x) { return view_begin + x / pixels_per_cycle; };
  const auto events = lane.events();

  size_t i = lane.first_after(static_cast<int64_t>(std::floor(view_begin)));
  while (i < events.size()) {
    const Event& event = events[i];
    const float x0 = to_x(static_cast<double>(event.start));
    const float x1 = to_x(static_cast<double>(event.end));
    if (x0 >= width) break;
    if (x1 - x0 >= kMinPixels) {
      // A cell before it ends where it begins.
      if (!out.empty()) out.back().x1 = std::min(out.back().x1, std::max(x0, out.back().x0));
      out.push_back({std::max(x0, 0.0f), std::min(x1, width), &event, 1.0f});
      ++i;
      continue;
    }
    // A cell of the pixel grid stands for everything inside it, so that panning does not flicker.
    const float cell = std::floor(x0 / kMergePixels) * kMergePixels;
    const auto begin = static_cast<int64_t>(std::floor(to_time(cell)));
    const auto end = std::max(begin + 1, static_cast<int64_t>(std::ceil(to_time(cell + kMergePixels))));
    size_t next = lane.first_after(end - 1);
    next = std::max(next, i + 1);
    // A wide event that begins inside the cell is drawn by itself.
    if (next - i > 1 && to_x(static_cast<double>(events[next - 1].end - events[next - 1].start) + view_begin) >= kMinPixels)
      --next;
    const float coverage = static_cast<float>(lane.busy(begin, end)) / static_cast<float>(end - begin);
    // The event before may end inside the cell.
    const float left = std::max(cell, out.empty() ? 0.0f : out.back().x1);
    const Event* only = next - i == 1 ? &event : nullptr;
    if (!out.empty() && out.back().event == nullptr && only == nullptr && std::abs(out.back().x1 - left) < 0.5f &&
        std::abs(out.back().coverage - coverage) < 0.05f) {
      out.back().x1 = cell + kMergePixels;
    } else {
      out.push_back({left, std::min(cell + kMergePixels, width), only, std::clamp(coverage, 0.15f, 1.0f)});
    }
    i = next;
  }
}

}  // namespace npu::ui
