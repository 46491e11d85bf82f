// SPDX-License-Identifier: Apache-2.0
// How long a frame of the timeline takes with a million events in it, whatever part is shown.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <numeric>
#include <random>

#include <doctest/doctest.h>

#include "tests/ui/windowless.h"
#include "ui/panels/panels.h"

using namespace npu;
using namespace npu::ui;

namespace {

constexpr int64_t kEvents = 1'000'000;
constexpr int kTasks = 200;
constexpr double kFrameMs = 1000.0 / 60;

// Two cores of six pipes, 200 tasks.
Timeline big_timeline() {
  std::mt19937 random(11);
  Timeline timeline;
  timeline.cycles_per_us = 1000;
  Lane tasks;
  tasks.kind = Lane::Kind::Tasks;
  constexpr int64_t kInLane = kEvents / 12;
  for (int core = 0; core < 2; ++core)
    for (int pipe = 0; pipe < 6; ++pipe) {
      Lane lane;
      lane.core = core;
      lane.pipe = static_cast<Pipe>(pipe);
      int64_t now = 0;
      for (int64_t i = 0; i < kInLane; ++i) {
        now += random() % 40;
        const int64_t end = now + 1 + static_cast<int64_t>(random() % 200);
        lane.add({now, end, static_cast<int32_t>(i * kTasks / kInLane), 0, 0, i % 7 == 0});
        now = end;
      }
      timeline.end = std::max(timeline.end, now);
      timeline.event_count += static_cast<size_t>(kInLane);
      timeline.lanes.push_back(std::move(lane));
    }
  for (int t = 0; t < kTasks; ++t) tasks.add({timeline.end * t / kTasks, timeline.end * (t + 1) / kTasks, t, -1, 0, false});
  timeline.lanes.insert(timeline.lanes.begin(), std::move(tasks));
  for (Lane& lane : timeline.lanes) lane.finish();
  return timeline;
}

double cpu_ms() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Page {
 public:
  Page() {
    auto profile = std::make_shared<ProfileInfo>();
    auto compile = std::make_shared<CompileInfo>();
    auto model = std::make_shared<CompiledModel>();
    model->soc = "Ascend310";
    for (int i = 0; i < kTasks; ++i) {
      model->tasks.emplace_back().name = "task" + std::to_string(i);
      profile->tasks.push_back({.name = "task"});
    }
    profile->timeline = std::make_shared<const Timeline>(big_timeline());
    events = profile->timeline->event_count;
    compile->model = std::move(model);
    snapshot_.compile = std::move(compile);
    snapshot_.profile = std::move(profile);
  }

  // Milliseconds of processor time for one frame with the mouse wheel turned.
  double frame(float wheel) {
    ImGuiIO& io = ImGui::GetIO();
    io.AddMousePosEvent(700, 300);
    io.AddMouseWheelEvent(0, wheel);
    const View view{snapshot_, settings_, theme_};
    const double start = cpu_ms();
    windowless_.window_frame([&] { panel_.draw(view, commands_, 600); });
    return cpu_ms() - start;
  }

  size_t events = 0;

 private:
  test::Windowless windowless_;
  Theme theme_ = test::Windowless::theme();
  Snapshot snapshot_;
  Settings settings_;
  Commands commands_;
  TimelinePanel panel_;
};

}  // namespace

TEST_CASE("a frame with a million events takes a fraction of a sixtieth of a second at every zoom") {
  Page page;
  REQUIRE(page.events >= 999'000);
  for (int i = 0; i < 5; ++i) page.frame(0);
  // The best of three times each: what a busy machine adds is not the timeline's.
  std::vector<double> best;
  for (int round = 0; round < 3; ++round) {
    size_t frame = 0;
    for (const float wheel : {1.0f, -1.0f})
      for (int i = 0; i < 60; ++i, ++frame) {
        const double ms = page.frame(wheel);
        if (round == 0) best.push_back(ms);
        best[frame] = std::min(best[frame], ms);
      }
  }
  const double worst = std::ranges::max(best), sum = std::accumulate(best.begin(), best.end(), 0.0);
  const size_t frames = best.size();
  MESSAGE("mean " << sum / static_cast<double>(frames) << " ms, worst " << worst << " ms of " << kFrameMs);
  CHECK(sum / static_cast<double>(frames) < kFrameMs / 2);
  CHECK(worst < kFrameMs);
}
