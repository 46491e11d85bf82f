// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "ui/studio/timeline.h"

using namespace npu;
using namespace npu::ui;

namespace {

Lane random_lane(size_t count, int longest, unsigned seed) {
  std::mt19937 random(seed);
  Lane lane;
  int64_t now = 0;
  for (size_t i = 0; i < count; ++i) {
    now += random() % 5;
    const int64_t end = now + 1 + static_cast<int64_t>(random() % static_cast<unsigned>(longest));
    lane.add({now, end, 0, 0, static_cast<int32_t>(i), false});
    now = end;
  }
  lane.finish();
  return lane;
}

}  // namespace

TEST_CASE("events are found and busy cycles counted as by walking over all") {
  const Lane lane = random_lane(400, 12, 3);
  const int64_t last = lane.events().back().end;
  std::vector<const Event*> owner(static_cast<size_t>(last) + 4, nullptr);
  for (const Event& e : lane.events())
    for (int64_t t = e.start; t < e.end; ++t) owner[static_cast<size_t>(t)] = &e;
  for (int64_t t = 0; t < last + 4; ++t) CHECK(lane.at(t) == owner[static_cast<size_t>(t)]);
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    const auto begin = static_cast<int64_t>(random() % static_cast<unsigned>(last));
    const int64_t end = std::min(last, begin + static_cast<int64_t>(random() % 500));
    int64_t busy = 0;
    for (int64_t t = begin; t < end; ++t) busy += owner[static_cast<size_t>(t)] != nullptr;
    CHECK(lane.busy(begin, end) == busy);
  }
}

TEST_CASE("zoomed in, every visible event is drawn where it is") {
  const Lane lane = random_lane(400, 12, 9);
  std::vector<Span> spans;
  visible_spans(lane, 100, 200, 1000, spans);
  size_t expected = 0;
  for (const Event& e : lane.events()) expected += e.end > 100 && e.start < 200;
  CHECK(spans.size() == expected);
  for (const Span& span : spans) {
    REQUIRE(span.event != nullptr);
    CHECK(span.x0 == doctest::Approx(std::max(0.0, (static_cast<double>(span.event->start) - 100) * 10)));
    CHECK(span.x1 == doctest::Approx(std::min(1000.0, (static_cast<double>(span.event->end) - 100) * 10)));
  }
}

TEST_CASE("however many events, no more rectangles than pixels, in order, covering every event") {
  const Lane lane = random_lane(100'000, 30, 21);
  const double end = static_cast<double>(lane.events().back().end);
  std::vector<Span> spans;
  for (double zoom = 1; zoom < 5000; zoom *= 3) {
    visible_spans(lane, 0, end / zoom, 800, spans);
    CHECK(spans.size() <= 801);
    for (size_t i = 1; i < spans.size(); ++i) CHECK(spans[i].x0 >= spans[i - 1].x1 - 1.01f);
    // A sample of events: each lies under some rectangle.
    for (size_t i = 0; i < lane.events().size(); i += 997) {
      const float x = static_cast<float>(static_cast<double>(lane.events()[i].start) * 800 * zoom / end);
      if (x >= 800) break;
      bool covered = false;
      for (const Span& span : spans) covered |= span.x0 <= x + 0.01f && x <= span.x1 + 2.01f;
      CHECK(covered);
    }
  }
}

TEST_CASE("waiting is no work") {
  Lane lane;
  lane.add({0, 10, 0, 0, 0, false});
  lane.add({10, 30, 0, 0, 1, true});
  lane.add({30, 35, 0, 0, 2, false});
  lane.finish();
  CHECK(lane.busy(0, 35) == 15);
  CHECK(lane.busy(5, 20) == 5);
  CHECK(lane.at(20)->instr == 1);
}

TEST_CASE("an empty lane and an empty view draw nothing") {
  Lane lane;
  lane.finish();
  std::vector<Span> spans{{}};
  visible_spans(lane, 0, 100, 100, spans);
  CHECK(spans.empty());
  CHECK(lane.at(5) == nullptr);
  CHECK(lane.busy(0, 10) == 0);
}
