// SPDX-License-Identifier: Apache-2.0
// Costs of single instructions against the public measurements and examples they follow.
#include <doctest/doctest.h>

#include "core/chip/chip.h"
#include "core/chip/timing_cost.h"

namespace npu {
namespace {

const Soc& soc() { return **find_soc("Ascend910B1"); }

Instr vadd(int64_t dst, int64_t src0, int64_t src1, int64_t blk, int64_t repeat) {
  return make_instr(Opcode::Vadd, {0, dst, src0, src1, repeat, blk, blk, blk, 8 * blk % 256, 8 * blk % 256, 8 * blk % 256});
}
Instr vabs(int64_t dst, int64_t src, int64_t dst_blk, int64_t src_blk, int64_t repeat) {
  return make_instr(Opcode::Vabs, {0, dst, src, repeat, dst_blk, src_blk, 8, 8});
}

int64_t gm_cycles(int64_t bursts, int64_t blocks, int64_t gap, const L2Cache::Outcome& outcome) {
  const Instr copy = make_instr(Opcode::CopyGmToUbuf, {0, 0, bursts, blocks, gap, 0});
  return gm_step(soc(), copy, gm_transfer(copy, {}), outcome, ddr_rate(soc(), 1)).cycles;
}

}  // namespace

TEST_CASE("bank numbers of the published examples") {
  CHECK(ub_bank(0x10000) == 16);
  CHECK(ub_bank(0x10020) == 17);
  CHECK(ub_bank(0x20020) == 33);
  CHECK(ub_bank_group(0x20020) == 1);
}

TEST_CASE("blocks 16 apart take 8 cycles a repeat, 8 apart take 4") {
  CHECK(bank_cycles(soc(), vabs(0x10000, 0, 1, 16, 10)) == 80);
  CHECK(bank_cycles(soc(), vabs(0x10000, 0, 16, 1, 10)) == 80);
  CHECK(bank_cycles(soc(), vabs(0x10000, 0, 1, 8, 10)) == 40);
  CHECK(bank_cycles(soc(), vabs(0x10000, 0, 1, 1, 10)) == 10);
}

TEST_CASE("reading and writing the same bank costs a cycle a repeat, other banks do not") {
  CHECK(bank_cycles(soc(), vadd(0x10000, 0, 0x100, 1, 10)) == 20);
  CHECK(bank_cycles(soc(), vadd(0x8000, 0, 0x100, 1, 10)) == 30);
}

TEST_CASE("a source of one repeated block is read once") {
  const Instr broadcast = make_instr(Opcode::Vadd, {0, 0x10000, 0, 0x100, 10, 1, 1, 0, 8, 8, 0});
  CHECK(bank_cycles(soc(), broadcast) == 20);
}

// Published measurements of a loop of 8 Mmad instructions along K, half, with flags to and from MTE1 (unit flag off).
TEST_CASE("measured Mmad loops within 3 %") {
  const auto flag = [](Opcode op, Pipe from, Pipe to, int64_t event) { return make_instr(op, {static_cast<int64_t>(from), static_cast<int64_t>(to), event}); };
  const struct { int64_t m, n, k, cycles; } rows[] = {{128, 256, 512, 4225}, {128, 128, 512, 2172}};
  for (const auto& row : rows) {
    Program program;
    for (int64_t i = 0; i < 8; ++i) program.push_back(flag(Opcode::SetFlag, Pipe::MTE1, Pipe::M, i));
    for (int64_t i = 0; i < 8; ++i) {
      program.push_back(flag(Opcode::WaitFlag, Pipe::MTE1, Pipe::M, i));
      program.push_back(make_instr(Opcode::Mad, {0, 0, 0, row.m, row.k / 8, row.n, i == 0}));
      program.push_back(flag(Opcode::SetFlag, Pipe::M, Pipe::MTE1, i));
    }
    const auto timing = time_task(soc(), std::span(&program, 1), false);
    REQUIRE(timing);
    CHECK(static_cast<double>(timing->cycles) == doctest::Approx(static_cast<double>(row.cycles)).epsilon(0.03));
  }
}

TEST_CASE("copies: memory is slower than L2, many short bursts than one long one") {
  const L2Cache::Outcome hit{.hit = 65536}, miss{.miss = 65536};
  CHECK(gm_cycles(1, 2048, 0, miss) > 2 * gm_cycles(1, 2048, 0, hit));
  CHECK(gm_cycles(512, 4, 4, hit) > gm_cycles(1, 2048, 0, hit));
  // The efficiency of a copy grows with its size: overheads are per copy and per burst.
  double before = 0;
  for (int64_t bytes = 512; bytes <= 65536; bytes *= 2) {
    const double rate = static_cast<double>(bytes) / static_cast<double>(gm_cycles(1, bytes / 32, 0, {.hit = bytes}));
    CHECK(rate > before);
    CHECK(rate <= soc().l2_read);
    before = rate;
  }
}

}  // namespace npu
