// SPDX-License-Identifier: Apache-2.0
// Timing against sums worked out by hand from isa.def's costs.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/chip/chip.h"
#include "core/chip/energy.h"
#include "core/chip/l2_cache.h"

namespace npu {
namespace {

const Soc& soc() { return **find_soc("Ascend310"); }

int64_t cycles(const Program& program) {
  const auto timing = time_task(soc(), std::span(&program, 1), false);
  REQUIRE_MESSAGE(timing, (timing ? "" : timing.error().message()));
  return timing->cycles;
}

// Operands in different bank groups, the result in other banks.
Instr vadd(int64_t repeat) { return make_instr(Opcode::Vadd, {0, 65536, 0, 256, repeat, 1, 1, 1, 8, 8, 8}); }
Instr load(int64_t address, int64_t bytes) { return make_instr(Opcode::CopyGmToCbuf, {0, address, 1, bytes / 32, 0, 0}); }
Instr flag(Opcode op, Pipe from, Pipe to, int64_t event = 0) { return make_instr(op, {static_cast<int64_t>(from), static_cast<int64_t>(to), event}); }
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
  const Program one{load(0, 524288)}, other{load(1 << 20, 524288)};
  const Program apart[] = {one, other}, alike[] = {one, one};
  const auto alone = time_task(soc(), std::span(&one, 1), false);
  const double rate = soc().ddr_gbps * soc().ddr_efficiency * 1e3 / soc().cube_mhz;  // bytes a cycle of the whole chip
  CHECK(alone->cycles == doctest::Approx(524288 / std::min<double>(soc().ddr_read, rate)).epsilon(0.05));
  CHECK(time_task(soc(), apart, false)->cycles == doctest::Approx(2 * 524288 / rate).epsilon(0.05));
  // Both read the same half megabyte: memory is read once.
  const auto shared = time_task(soc(), alike, false);
  CHECK(shared->activity.ddr_read_bytes == 524288);
  CHECK(shared->activity.gm_read_bytes == 2 * 524288);
}

TEST_CASE("what L2 holds is read at its rate, and the next task finds it there") {
  const Program program{load(0, 524288)};
  ChipTimer timer(soc());
  const auto cold = timer.time(std::span(&program, 1), false), warm = timer.time(std::span(&program, 1), false);
  CHECK(cold->activity.ddr_read_bytes == 524288);
  CHECK(warm->activity.ddr_read_bytes == 0);
  CHECK(warm->cycles == doctest::Approx(524288 / soc().l2_read + soc().copy_cycles + soc().burst_cycles + soc().l2_hit_cycles).epsilon(0.001));
}

TEST_CASE("blocks that take the same cycles are simulated once, wherever their data lies") {
  // Far apart, each cold: the same outcome.
  std::vector<Program> blocks;
  for (int64_t i = 0; i < 6; ++i) blocks.push_back({load(i << 22, 65536), vadd(100), flag(Opcode::SetFlag, Pipe::MTE2, Pipe::M), flag(Opcode::WaitFlag, Pipe::MTE2, Pipe::M), mad(64, 64, 64)});
  ChipTimer timer(soc());
  const auto timing = timer.time(blocks, false, true);
  CHECK(timer.simulated_blocks() == 1);
  CHECK(timing->events.size() == 6 * 5);
  CHECK(timing->pipes[static_cast<size_t>(Pipe::V)].instructions == 6);
  const auto single = ChipTimer(soc()).time(std::span(blocks).first(2), false);
  CHECK(timing->cycles == 3 * single->cycles);  // three waves on two cores
}

TEST_CASE("a wait may come before its set in the stream") {
  // M waits for MTE2 while the scalar unit goes on to issue the copy and the set.
  const Program program{flag(Opcode::WaitFlag, Pipe::MTE2, Pipe::M), mad(16, 16, 16), load(0, 65536), flag(Opcode::SetFlag, Pipe::MTE2, Pipe::M)};
  const Program plain{load(0, 65536)};
  CHECK(cycles(program) > cycles(plain));
  CHECK(cycles(program) < cycles(plain) + 40);
}

TEST_CASE("the scalar unit stalls while a queue is full") {
  // 100 long mads: the vector instruction behind them cannot be issued before all but queue_depth have started.
  Program program(100, mad(256, 256, 256));
  program.push_back(vadd(1));
  ChipTimer timer(soc());
  const auto timing = timer.time(std::span(&program, 1), false, true);
  const auto vector = std::ranges::find(timing->events, Pipe::V, &TraceEvent::pipe);
  REQUIRE(vector != timing->events.end());
  CHECK(vector->start >= (100 - soc().queue_depth - 1) * 4096);
  CHECK(vector->start <= (100 - soc().queue_depth + 1) * 4110);
}

TEST_CASE("every instruction leaves one event inside the task") {
  const Program program{vadd(4), mad(16, 16, 16), barrier()};
  const auto timing = time_task(soc(), std::span(&program, 1), false, true);
  REQUIRE(timing->events.size() == 3);
  for (const TraceEvent& event : timing->events) {
    CHECK(event.start >= 0);
    CHECK(event.end > event.start);
    CHECK(event.end <= timing->cycles + 1);
  }
}

TEST_CASE("a loop's steady state is not followed one iteration at a time") {
  const auto loop = [](int64_t count) {
    return Program{make_instr(Opcode::Loop, {2, kNoRegister, count}), vadd(4), make_instr(Opcode::Add, {1, 1, kNoRegister, 2})};
  };
  const int64_t short_loop = cycles(loop(200));
  // More instructions than the timer is willing to follow.
  CHECK(static_cast<double>(cycles(loop(2'000'000))) == doctest::Approx(static_cast<double>(short_loop) * 10'000).epsilon(0.02));
  Program written_out;
  for (int i = 0; i < 200; ++i) written_out.push_back(vadd(4)), written_out.push_back(make_instr(Opcode::Add, {1, 1, kNoRegister, 2}));
  CHECK(static_cast<double>(short_loop) == doctest::Approx(static_cast<double>(cycles(written_out))).epsilon(0.02));
}

TEST_CASE("tensors with a hint pass L2 by") {
  const Program program{load(0, 65536)};
  ChipTimer timer(soc());
  timer.bypass_l2(0, 1 << 20);
  CHECK(timer.time(std::span(&program, 1), false)->activity.ddr_read_bytes == 65536);
  CHECK(timer.time(std::span(&program, 1), false)->activity.ddr_read_bytes == 65536);
}

TEST_CASE("a managed L2 keeps what is still to be read and drops what was") {
  L2Cache cache(4 * L2Cache::kPage, true);
  const int64_t page = L2Cache::kPage;
  cache.begin_task();
  CHECK(cache.access(0, 6 * page, true).evicted == 2 * page);   // four fit, the rest goes to memory
  cache.begin_task();
  CHECK(cache.access(0, 6 * page, false).hit == 4 * page);      // a cache of least recently used lines would have none
  CHECK(cache.access(16 * page, 4 * page, true).evicted == 0);  // what was read makes room without a write-back
}

TEST_CASE("energy: more work costs more, waiting costs the idle power, full speed stays near the published power") {
  const Soc& chip = soc();
  Activity work{.ddr_read_bytes = 1 << 20, .cube_steps = 1000};
  CHECK(energy_of(chip, work, 0).total() > energy_of(chip, {}, 0).total());
  CHECK(energy_of(chip, {}, 1e6).total() == doctest::Approx(chip.idle_watts));
  // The cube of every core busy for a second: 8 W (310) and 310 W (910) are published.
  const auto full = [](const char* name) {
    const Soc& c = **find_soc(name);
    const int64_t steps = static_cast<int64_t>(c.cube_mhz) * 1000000 * c.ai_cores;
    return energy_of(c, {.l0_bytes = steps * 1024, .cube_steps = steps}, 1e6).total();
  };
  CHECK(full("Ascend310") > 8.0 / 2);
  CHECK(full("Ascend310") < 8.0 * 2);
  CHECK(full("Ascend910A") > 310.0 / 2);
  CHECK(full("Ascend910A") < 310.0 * 2);
}

}  // namespace npu
