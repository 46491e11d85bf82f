// SPDX-License-Identifier: Apache-2.0
// A core, its memory and the naive core beside it, all with the same random arena.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "core/chip/chip.h"
#include "core/om/model.h"
#include "tests/core/chip/naive_core.h"

namespace npu::test {

inline Soc coupled_soc() { return *find_soc("Ascend310").value(); }     // saturates, L0C -> UB
inline Soc split_soc() { return *find_soc("Ascend910B3").value(); }     // infinity, FIX

struct Rig {
  static constexpr int64_t kArena = 1 << 20;

  explicit Rig(const Soc& chip, uint64_t seed = 1) : soc(chip), memory({}, kArena), core(chip), naive(chip, kArena), random(seed) {
    for (auto& byte : naive.arena) byte = static_cast<uint8_t>(random());
    const auto arena = memory.write(kArenaBase, kArena);
    std::memcpy(arena->data(), naive.arena.data(), naive.arena.size());
  }

  int64_t below(int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); }
  int64_t float_bits(float low, float high) {
    return std::bit_cast<uint32_t>(std::uniform_real_distribution<float>(low, high)(random));
  }

  // Halves in [-2, 2) in steps of 1/512, some of them zero, everywhere in the arena.
  void tame_halves() {
    const auto arena = memory.write(kArenaBase, kArena);
    for (size_t i = 0; i < naive.arena.size(); i += 2) {
      const uint16_t half = random() % 8 == 0 ? 0 : naive_half(static_cast<double>(random() % 2048) / 512 - 2, false);
      std::memcpy(naive.arena.data() + i, &half, 2);
    }
    std::memcpy(arena->data(), naive.arena.data(), naive.arena.size());
  }

  // The first `bytes` of UB (L1) filled from the arena's start.
  static Instr fill_ub(int64_t bytes) { return make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase, 1, bytes / 32, 0, 0}); }
  static Instr fill_l1(int64_t bytes) { return make_instr(Opcode::CopyGmToCbuf, {0, kArenaBase, 1, bytes / 32, 0, 0}); }
  static Instr dump_ub(int64_t bytes) { return make_instr(Opcode::CopyUbufToGm, {kArenaBase + kArena / 2, 0, 1, bytes / 32, 0, 0}); }

  void check_same(const Program& program) {
    const Status status = core.execute(program, memory);
    const std::string message = status ? "" : status.error().message();
    REQUIRE(message == "");
    for (const Instr& instr : program) naive.run(instr), ++cases[static_cast<size_t>(instr.op)];
    const auto arena = memory.read(kArenaBase, kArena);
    REQUIRE(arena.has_value());
    size_t first = 0;
    while (first < naive.arena.size() && std::to_integer<uint8_t>((*arena)[first]) == naive.arena[first]) ++first;
    if (first == naive.arena.size()) return;
    std::string text;
    for (const Instr& instr : program) text += disassemble(instr) + "\n";
    CAPTURE(text);
    CAPTURE(first - kArena / 2);
    uint32_t actual, expected;
    std::memcpy(&actual, arena->data() + first / 4 * 4, 4), std::memcpy(&expected, naive.arena.data() + first / 4 * 4, 4);
    REQUIRE(actual == expected);
  }

  // Each of the rows was compared at least `count` times.
  void require_cases(int count, std::initializer_list<Opcode> rows) const {
    for (Opcode op : rows) {
      CAPTURE(instr_info(op).name);
      CHECK(cases[static_cast<size_t>(op)] >= count);
    }
  }

  // The error of a program that must fail.
  Error error_of(const Program& program) {
    const Status status = core.execute(program, memory);
    REQUIRE(!status.has_value());
    return status.error();
  }

  Soc soc;
  DeviceMemory memory;
  Core core;
  NaiveCore naive;
  std::mt19937_64 random;
  std::array<int, kOpcodes> cases{};  // of check_same, by row
};

}  // namespace npu::test
