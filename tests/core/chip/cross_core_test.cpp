// SPDX-License-Identifier: Apache-2.0
// ffts_cross_core_sync and wait_flag_dev: function, timing and checks of blocks that meet.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/chip/check/check.h"
#include "core/chip/cross_core.h"
#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

int64_t pipe(Pipe p) { return static_cast<int64_t>(p); }
Instr arrive(int64_t flag, Pipe from = Pipe::MTE3) { return make_instr(FftsCrossCoreSync, {pipe(from), 0, flag}); }
Instr wait(int64_t flag) { return make_instr(WaitFlagDev, {flag}); }
Instr load(int64_t ub, int64_t gm) { return make_instr(CopyGmToUbuf, {ub, gm, 1, 1, 0, 0}); }
Instr store(int64_t gm, int64_t ub) { return make_instr(CopyUbufToGm, {gm, ub, 1, 1, 0, 0}); }
Instr add(int64_t dst, int64_t a, int64_t b) { return make_instr(Vadd, {static_cast<int64_t>(VecType::S32), dst, a, b, 1, 1, 1, 1, 8, 8, 8}); }
const Instr kBarrier = make_instr(PipeBarrier, {kPipeAll});

// One 32-byte slot for each block and round; every block reads two slots of the round before, its own and another one's.
struct Exchange {
  size_t blocks;
  int rounds;
  std::vector<std::vector<size_t>> partner;  // [round][block]
  std::vector<int64_t> flag;                 // [round]
  bool synced = true;

  int64_t slot(int round, size_t block) const { return kArenaBase + (round * static_cast<int64_t>(blocks) + static_cast<int64_t>(block)) * 32; }

  std::vector<Program> programs() const {
    std::vector<Program> all(blocks);
    for (size_t b = 0; b < blocks; ++b) {
      Program& p = all[b];
      p.push_back(make_instr(SetVectorMask, {0, 0xff}));
      for (int r = 1; r <= rounds; ++r) {
        const auto i = static_cast<size_t>(r - 1);
        p.insert(p.end(), {load(0, slot(r - 1, b)), load(256, slot(r - 1, partner[i][b])), kBarrier, add(512, 0, 256), kBarrier, store(slot(r, b), 512), kBarrier});
        if (synced) p.insert(p.end(), {arrive(flag[i]), wait(flag[i])});
      }
    }
    return all;
  }

  // The same in one loop, round by round.
  std::vector<uint32_t> expected(std::vector<uint32_t> values) const {
    for (int r = 0; r < rounds; ++r) {
      std::vector<uint32_t> next = values;
      for (size_t b = 0; b < blocks; ++b)
        for (size_t lane = 0; lane < 8; ++lane) next[b * 8 + lane] = values[b * 8 + lane] + values[partner[static_cast<size_t>(r)][b] * 8 + lane];
      values = next;
    }
    return values;
  }
};

Exchange random_exchange(std::mt19937_64& random) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  Exchange exchange{2 + below(4), 1 + static_cast<int>(below(4)), {}, {}};
  for (int r = 0; r < exchange.rounds; ++r) {
    exchange.partner.emplace_back();
    for (size_t b = 0; b < exchange.blocks; ++b) exchange.partner.back().push_back(below(exchange.blocks));
    exchange.flag.push_back(static_cast<int64_t>(below(kCrossCoreFlags)));
  }
  return exchange;
}

TEST_CASE("ffts_cross_core_sync, wait_flag_dev: random exchanges between blocks give what one loop gives; checks find them clean") {
  std::mt19937_64 random(61);
  const Soc soc = test::split_soc();
  std::vector<Core> cores(5, Core(soc));
  int64_t arrivals = 0, dirty = 0;
  for (int done = 0; arrivals < 10000; ++done) {
    Exchange exchange = random_exchange(random);
    DeviceMemory memory({}, 8192);
    std::vector<uint32_t> values(exchange.blocks * 8);
    for (uint32_t& value : values) value = static_cast<uint32_t>(random());
    std::memcpy(memory.write(kArenaBase, std::ssize(values) * 4)->data(), values.data(), values.size() * 4);
    const std::vector<Program> programs = exchange.programs();
    const Status status = execute_together(std::span(cores).first(exchange.blocks), programs, memory);
    REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message()));
    const std::vector<uint32_t> expected = exchange.expected(values);
    REQUIRE(std::memcmp(memory.read(exchange.slot(exchange.rounds, 0), std::ssize(expected) * 4)->data(), expected.data(), expected.size() * 4) == 0);
    arrivals += exchange.rounds * static_cast<int64_t>(exchange.blocks);
    if (done % 20 != 0) continue;
    const auto findings = check_blocks(programs);
    REQUIRE_MESSAGE(findings.empty(), findings[0].text);
    REQUIRE(time_task(soc, programs, true).has_value());
    // Without the flags the rounds race, unless nobody reads what another one wrote.
    exchange.synced = false;
    bool shared = false;
    for (int r = 1; r < exchange.rounds; ++r)
      for (size_t b = 0; b < exchange.blocks; ++b) shared |= exchange.partner[static_cast<size_t>(r)][b] != b;
    CHECK(check_blocks(exchange.programs()).empty() == !shared);
    dirty += shared;
  }
  CHECK(dirty > 10);
}

std::vector<Finding> found(const std::vector<Program>& blocks) { return check_blocks(blocks); }

TEST_CASE("a block that waits for a flag the others do not set: both are named, by every reader") {
  const std::vector<Program> blocks{{arrive(1), wait(1)}, {arrive(1), wait(1), wait(2)}, {arrive(1), wait(1)}};
  const std::string text = "deadlock: block 1 waits for flag 2, which blocks 0, 1, 2 did not set";
  const Soc soc = test::split_soc();
  std::vector<Core> cores(3, Core(soc));
  DeviceMemory memory({}, 4096);
  const Status status = execute_together(cores, blocks, memory);
  REQUIRE(!status.has_value());
  CHECK(status.error().kind == ErrorKind::InvalidProgram);
  CHECK(status.error().what == text);
  REQUIRE(found(blocks).size() == 1);
  CHECK(found(blocks)[0].kind == Finding::Kind::Deadlock);
  CHECK(found(blocks)[0].text == text);
  CHECK(time_task(soc, blocks, true).error().what == text);
  // Each waits for the flag that the other sets later.
  const std::vector<Program> crossed{{arrive(0), wait(3), arrive(3), wait(0)}, {arrive(3), wait(0), arrive(0), wait(3)}};
  REQUIRE(found(crossed).size() == 1);
  CHECK(found(crossed)[0].text == "deadlock: block 0 waits for flag 3, which block 0 did not set; block 1 waits for flag 0, which block 1 did not set");
}

TEST_CASE("cross-core flags that are misused") {
  const auto text = [](const std::vector<Program>& blocks) {
    const auto findings = found(blocks);
    return findings.empty() ? std::string() : findings[0].text;
  };
  CHECK(text({{arrive(4), arrive(4), wait(4)}, {arrive(4), wait(4)}}) == "block 0 sets flag 4 1 times more than it waits for it: the next task would find it set");
  Program many(16, arrive(7));
  CHECK(text({many, many}) == "block 0: flag 7 is set 16 times and not waited for, its counter goes to 15");
  many.pop_back();
  CHECK(text({many, many}).find("sets flag 7 15 times more") != std::string::npos);
  // Stored by MTE3; the flag is set by another pipe that nothing orders behind it.
  const auto exchange = [](Pipe from, bool barrier) {
    std::vector<Program> blocks(2);
    for (int64_t b = 0; b < 2; ++b) {
      blocks[static_cast<size_t>(b)] = {store(kArenaBase + b * 32, 0)};
      if (barrier) blocks[static_cast<size_t>(b)].push_back(kBarrier);
      blocks[static_cast<size_t>(b)].insert(blocks[static_cast<size_t>(b)].end(), {arrive(0, from), wait(0), load(64, kArenaBase + (1 - b) * 32)});
    }
    return blocks;
  };
  CHECK(text(exchange(Pipe::MTE3, false)) == "");
  CHECK(text(exchange(Pipe::MTE2, true)) == "");
  CHECK(text(exchange(Pipe::MTE2, false)) ==
        "block 0 (instruction 0 (copy_ubuf_to_gm, MTE3)) writes and block 1 (instruction 3 (copy_gm_to_ubuf, MTE2)) reads GM[0x8000000000, 0x8000000020): no flag is between them");
  auto ordered = exchange(Pipe::MTE2, false);
  for (Program& block : ordered)
    block.insert(block.begin() + 1, {make_instr(SetFlag, {pipe(Pipe::MTE3), pipe(Pipe::MTE2), 0}), make_instr(WaitFlag, {pipe(Pipe::MTE3), pipe(Pipe::MTE2), 0})});
  CHECK(text(ordered) == "");
}

TEST_CASE("more blocks than cores cannot meet; a block alone says so") {
  const Soc soc = test::split_soc();
  const std::vector<Program> blocks(static_cast<size_t>(soc.cores_for(true)) + 1, Program{arrive(0), wait(0)});
  CHECK(time_task(soc, blocks, true).error().what == fmt::format("{} blocks wait for each other, Ascend910B3 has {} cores for them", blocks.size(), blocks.size() - 1));
  Rig rig(soc);
  CHECK(rig.error_of({arrive(0)}).what == "runs with the task's other blocks only: this one was started alone");
  CHECK(rig.error_of({wait(0)}).what == "runs with the task's other blocks only: this one was started alone");
  Core core(soc);
  const Program wrong{make_instr(FftsCrossCoreSync, {pipe(Pipe::MTE3), 0, 11})};
  CHECK(execute_together(std::span(&core, 1), std::span(&wrong, 1), rig.memory).error().message().find("block 0, instruction 0: ffts_cross_core_sync src_pipe=MTE3 mode=0 flag_id=11: flag_id is 11, allowed are 0 to 10") != std::string::npos);
  // An error behind a flag names its block.
  const std::vector<Program> late{{arrive(0), wait(0)}, {arrive(0), wait(0), store(kArenaBase, 4096)}};
  std::vector<Core> cores(2, Core(soc));
  CHECK(execute_together(cores, late, rig.memory).error().where == "block 1, instruction 2: copy_ubuf_to_gm dst=GM[0x8000000000] src=UB[0x1000] n_burst=1 len_burst=1 src_gap=0 dst_gap=0");
}

TEST_CASE("a block that waits goes on when the slowest one is there") {
  const Soc soc = test::split_soc();
  const Program quick{arrive(2, Pipe::V), wait(2)};
  Program slow;
  for (int i = 0; i < 100; ++i) slow.push_back(make_instr(VectorDup, {0, 0, 0, 100, 1, 8}));
  const int64_t alone = time_task(soc, std::vector<Program>{slow}, true)->cycles;
  slow.insert(slow.end(), {arrive(2, Pipe::V), wait(2)});
  const auto timed = time_task(soc, std::vector<Program>{quick, slow}, true, true);
  REQUIRE(timed.has_value());
  // Both end together, an L2 access after the slow one's work.
  std::array<int64_t, 2> ends{};
  for (const TraceEvent& event : timed->events) ends[static_cast<size_t>(event.core)] = std::max(ends[static_cast<size_t>(event.core)], event.end);
  CHECK(ends[0] == ends[1]);
  CHECK(timed->cycles >= alone + soc.l2_hit_cycles);
  CHECK(timed->cycles <= alone + soc.l2_hit_cycles + 8);
}

}  // namespace
}  // namespace npu
