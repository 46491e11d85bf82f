// SPDX-License-Identifier: Apache-2.0
// Decisions change when a result is there and none of its bits; what cannot be had is refused with sizes.
#include <doctest/doctest.h>

#include <array>

#include "compiler/compile.h"
#include "compiler/schedule/scheduler.h"
#include "compiler/tune/search.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/compiler/tune/schedule_bits.h"

namespace npu {
namespace {

constexpr std::array kCases{
    "Conv(@2x40x13x11, 24x40x3x3, 24) strides=2,2 pads=1,1,1,1",
    "Conv(@1x3x50x52, 40x3x7x7, 40) strides=2,2 pads=3,3,3,3 ; Relu(@)",
    "Conv(@3x96x15x15, 70x96x1x1, 70) ; Add(@, @3x70x15x15) ; Relu(@)",
    "Conv(@2x80x14x14, 80x1x3x3, 80) group=i:80 pads=1,1,1,1 ; Clip(@, =0.0, =6.0)",
    "Conv(@1x128x20x21, 96x128x3x3) dilations=2,2 pads=2,2,2,2 ; Sigmoid(@) ; Mul(@, @1x96x1x1)",
    "MatMul(@67x170, 170x133) ; Add(@, 133)",
    "MatMul(@3x50x72, @3x72x40) ; Sigmoid(@)",
    "Gemm(@9x512, 512x100, 100) ; Relu(@)",
    "MaxPool(@2x70x30x31) kernel_shape=3,3 strides=2,2 pads=1,1,1,1",
    "AveragePool(@1x48x28x28) kernel_shape=3,3 pads=1,1,1,1",
    "Add(@2x33x40x41, @2x33x40x41) ; Sigmoid(@)",
    "Mul(@2x48x40x40, @2x48x1x1)",
    "Add(@90x130, 130) ; Tanh(@)",
    "Softmax(@300x77) axis=i:-1",
    "LogSoftmax(@3x50x200) axis=i:-1",
    "LayerNormalization(@150x96, 96, 96) axis=i:-1 opset=17",
    "RotaryMul(@2x3x70x48, @2x1x70x48, @2x1x70x48)",
    "RotaryMul(@1x60x8x64, 60x1x64, 60x1x64)",
    "ReduceMean(@400x130) axes=1 keepdims=i:0",
};

// Gives what it is asked for to a function.
class Visitor : public Scheduler {
 public:
  explicit Visitor(std::function<void(const OpenTask&)> visit) : visit_(std::move(visit)) {}
  std::optional<Schedule> propose(const OpenTask& task) override {
    visit_(task);
    return std::nullopt;
  }
  void on_verdict(const ScheduleVerdict&) override {}
  void on_program(int64_t, int64_t, bool) override {}

 private:
  std::function<void(const OpenTask&)> visit_;
};

void visit_tasks(const std::string& text, const char* soc, std::function<void(const OpenTask&)> visit) {
  CompileOptions options{.soc = soc};
  options.scheduler = std::make_shared<Visitor>(std::move(visit));
  REQUIRE(compile(parse_operator_case(text).graph, options));
}

}  // namespace

TEST_CASE("schedules do not change the bits") {
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910B1", "Ascend310B4"})
    for (size_t i = 0; i < kCases.size(); ++i) {
      const OperatorCase c = parse_operator_case(kCases[i]);
      CHECK_MESSAGE(test::check_schedule_bits(c.graph, c.inputs, soc, 4, i + 1) >= 4, kCases[i]);
    }
}

TEST_CASE("decisions that the chip cannot have are refused with values") {
  struct Refused {
    size_t field;
    int64_t value;
    const char* says;
  };
  visit_tasks("Conv(@2x64x28x28, 128x64x3x3) pads=1,1,1,1 ; Relu(@)", "Ascend310", [](const OpenTask& task) {
    if (!std::holds_alternative<CubeSchedule>(task.site.fallback)) return;
    for (const Refused& r : {Refused{0, 3, "items 3 is not within 1 to 2"}, {1, INT64_MAX, "is not within"}, {3, 9, "n_tile 9 is not within 1 to 8"}, {4, 256, "m_tile 256 is not within 1 to 255"},
                             {5, 37, "k_tile 37 is not within 1 to 36"}, {7, 5, "c1_chunk 5 is not within 1 to 4"}, {9, 0, "a_share 0 is not within 1 to 15"}, {10, 3, "l0_slots 3 is not within 1 to 2"},
                             {11, 1, "l0c_slots 1 is not within 2 to 2"}, {12, 4, "order 4 is not within 0 to 3"}, {14, 1, "by_rows 1 is not within 0 to 0"}}) {
      auto fields = fields_of(task.site.fallback);
      fields[r.field] = r.value;
      Schedule schedule = task.site.fallback;
      REQUIRE(set_fields(schedule, fields));
      const auto estimate = task.site.estimate(schedule);
      const auto blocks = task.site.emit(schedule);
      REQUIRE_FALSE(estimate);
      REQUIRE_FALSE(blocks);
      CHECK(estimate.error().kind == ErrorKind::CompileLimit);
      CHECK_MESSAGE(estimate.error().what.find(r.says) != std::string::npos, estimate.error().what);
      CHECK(estimate.error().what == blocks.error().what);
    }
    // Sizes beyond a buffer: rows in L0A.
    auto large = std::get<CubeSchedule>(task.site.fallback);
    large.m_tile = 64, large.k_tile = 8;
    CHECK(task.site.estimate(large).error().what == "schedule: rows in L0A take 262144 bytes of 32768");
  });
  visit_tasks("Softmax(@300x77) axis=i:-1", "Ascend310P3", [](const OpenTask& task) {
    if (task.op_type != "SoftmaxV2") return;
    CHECK(task.site.estimate(VectorSchedule{99, 8, 2}).error().what == "schedule: parts 99 is not within 1 to 8");
    CHECK(task.site.estimate(VectorSchedule{1, 12, 2}).error().what == "schedule: tile 12 is no multiple of 8");
    CHECK(task.site.emit(VectorSchedule{1, 8, 0}).error().what == "schedule: slots 0 is not within 1 to 3");
  });
}

TEST_CASE("the fallback is in its own space, and is what compiling gives") {
  for (const char* text : kCases) {
    const OperatorCase c = parse_operator_case(text);
    const auto plain = compile(c.graph, {.soc = "Ascend310"});
    REQUIRE(plain);
    std::map<std::string, std::vector<Program>> emitted;
    visit_tasks(text, "Ascend310", [&](const OpenTask& task) {
      const SearchSpace space(task.site);
      CHECK(space.encode(task.site.fallback) == space.fallback());
      CHECK(space.decode(space.fallback()) == task.site.fallback);
      CHECK(space.estimate(space.fallback()));
      auto blocks = task.site.emit(task.site.fallback);
      REQUIRE(blocks);
      emitted[std::string(task.name)] = std::move(*blocks);
    });
    for (const Task& task : plain->tasks)
      if (const auto found = emitted.find(task.name); found != emitted.end()) CHECK(found->second == task.blocks);
    CHECK(emitted.size() >= 1);
  }
}

TEST_CASE("keys tell tasks apart that differ in more than names and values") {
  const auto key = [](const std::string& text) {
    std::string found;
    visit_tasks(text, "Ascend310", [&](const OpenTask& task) {
      if (task.op_type == "Conv2D") found = task.key;
    });
    return found;
  };
  const std::string base = key("Conv(@1x64x14x14, 32x64x3x3) pads=1,1,1,1 ; Relu(@)");
  CHECK(base == "Conv(float16[1,64,14,14]:NC1HWC0, float16[32,64,3,3]=) pads=1,1,1,1; Relu(#0) -> float16[1,32,14,14]:NC1HWC0");
  for (const char* other : {"Conv(@2x64x14x14, 32x64x3x3) pads=1,1,1,1 ; Relu(@)", "Conv(@1x64x14x14, 32x64x3x3) pads=1,1,1,1", "Conv(@1x64x14x14, 32x64x3x3, 32) pads=1,1,1,1 ; Relu(@)",
                            "Conv(@1x64x14x14, 32x64x3x3) pads=1,1,1,1 dilations=1,1 ; Relu(@)", "Conv(@1x64x14x14, 32x64x3x3) pads=1,1,1,1 ; Add(@, @1x32x14x14)"})
    CHECK(key(other) != base);
}

}  // namespace npu
