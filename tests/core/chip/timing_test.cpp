// SPDX-License-Identifier: Apache-2.0
// Timing against sums worked out by hand from isa.def's costs.
#include <doctest/doctest.h>

#include "core/chip/chip.h"

namespace npu {
namespace {

const Soc& soc() { return **find_soc("Ascend310"); }

int64_t cycles(const Program& program) {
  const auto timing = time_task(soc(), std::span(&program, 1), false);
  REQUIRE_MESSAGE(timing, (timing ? "" : timing.error().message()));
  return timing->cycles;
}

Instr vadd(int64_t repeat) { return make_instr(Opcode::Vadd, {0, 0, 1024, 2048, repeat, 1, 1, 1, 8, 8, 8}); }
Instr mad(int64_t m, int64_t k, int64_t n) { return make_instr(Opcode::Mad, {0, 0, 0, m, k, n, 1}); }
Instr barrier() { return make_instr(Opcode::PipeBarrier, {kPipeAll}); }

}  // namespace

TEST_CASE("one vector instruction takes head + slope * repeats + tail") {
  CHECK(cycles({vadd(8)}) == 10 + 2 * 8 + 14);
  CHECK(cycles({vadd(16)}) - cycles({vadd(8)}) == 16);
}

TEST_CASE("the next instruction of a busy pipe pays no head") {
  CHECK(cycles({vadd(100), vadd(100)}) == 10 + 2 * 200 + 14);
}

TEST_CASE("a mad takes one cycle for each 16x16x16 step") {
  CHECK(cycles({mad(128, 64, 128)}) == 6 + 8 * 4 * 8);
  CHECK(cycles({mad(1, 1, 1)}) == 6 + 1);
}

TEST_CASE("independent pipes run side by side") {
  // The scalar unit issues one instruction a cycle.
  CHECK(cycles({mad(256, 256, 256), vadd(10)}) == cycles({mad(256, 256, 256)}));
  CHECK(cycles({mad(256, 256, 256), barrier(), vadd(10)}) >= cycles({mad(256, 256, 256)}) + cycles({vadd(10)}));
}

TEST_CASE("a flag holds the waiting pipe until the setter's results are there") {
  const Instr set = make_instr(Opcode::SetFlag, {static_cast<int64_t>(Pipe::M), static_cast<int64_t>(Pipe::V), 0});
  const Instr wait = make_instr(Opcode::WaitFlag, {static_cast<int64_t>(Pipe::M), static_cast<int64_t>(Pipe::V), 0});
  const int64_t apart = cycles({mad(256, 256, 256), set, wait, vadd(10)});
  CHECK(apart >= cycles({mad(256, 256, 256)}) + 2 * 10);
}

TEST_CASE("a wait without its set is an error that names the instruction") {
  const Program program{make_instr(Opcode::WaitFlag, {static_cast<int64_t>(Pipe::M), static_cast<int64_t>(Pipe::V), 3}), vadd(1)};
  const auto timing = time_task(soc(), std::span(&program, 1), false);
  REQUIRE(!timing);
  CHECK(timing.error().kind == ErrorKind::InvalidProgram);
  CHECK(timing.error().where.find("wait_flag") != std::string::npos);
}

TEST_CASE("cores share the memory's bandwidth") {
  const Program load{make_instr(Opcode::CopyGmToCbuf, {0, 0, 1, 16384, 0, 0})};  // 512 KB
  const std::vector<Program> two(2, load);
  const auto alone = time_task(soc(), std::span(&load, 1), false), together = time_task(soc(), two, false);
  // 67 bytes a cycle for one core; 51.2 GB/s at 680 MHz are 75.3 bytes a cycle for both.
  CHECK(alone->cycles == doctest::Approx(524288 / 67.0).epsilon(0.02));
  CHECK(together->cycles == doctest::Approx(524288 / 37.65).epsilon(0.02));
}

TEST_CASE("every instruction leaves one event inside the task") {
  const Program program{vadd(4), mad(16, 16, 16), barrier()};
  TimingContext context;
  context.want_events = true;
  const auto timing = time_task(soc(), std::span(&program, 1), false, context);
  REQUIRE(timing->events.size() == 3);
  for (const TraceEvent& event : timing->events) {
    CHECK(event.start >= 0);
    CHECK(event.end > event.start);
    CHECK(event.end <= timing->cycles + 1);
  }
}

}  // namespace npu
