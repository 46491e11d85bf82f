// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

#include "core/chip/check/check.h"
#include "core/chip/timing.h"
#include "tests/core/chip/check/order_oracle.h"

namespace npu {
namespace {

using enum Opcode;
using Kind = Finding::Kind;

const Soc& chip() { return **find_soc("Ascend310"); }

constexpr int64_t kV = static_cast<int64_t>(Pipe::V), kM = static_cast<int64_t>(Pipe::M), kMte1 = static_cast<int64_t>(Pipe::MTE1),
                  kMte2 = static_cast<int64_t>(Pipe::MTE2), kMte3 = static_cast<int64_t>(Pipe::MTE3), kS = static_cast<int64_t>(Pipe::S);

Instr set(int64_t from, int64_t to, int64_t event = 0) { return make_instr(SetFlag, {from, to, event}); }
Instr wait(int64_t from, int64_t to, int64_t event = 0) { return make_instr(WaitFlag, {from, to, event}); }
Instr barrier(int64_t pipe) { return make_instr(PipeBarrier, {pipe}); }
Instr load(int64_t ub, int64_t blocks, int64_t gm = kArenaBase) { return make_instr(CopyGmToUbuf, {ub, gm, 1, blocks, 0, 0}); }
Instr store(int64_t ub, int64_t blocks, int64_t gm = kArenaBase + (1 << 20)) { return make_instr(CopyUbufToGm, {gm, ub, 1, blocks, 0, 0}); }
Instr relu(int64_t dst, int64_t src, int64_t repeat = 1) { return make_instr(Vrelu, {0, dst, src, repeat, 1, 1, 8, 8}); }

void check_only(const Program& program, Kind kind, const std::string& text) {
  const auto findings = check_stream(chip(), program);
  for (size_t i = 1; i < findings.size(); ++i) FAIL_CHECK(findings[i].text);
  REQUIRE(!findings.empty());
  CHECK(findings[0].kind == kind);
  CHECK(findings[0].text == text);
}

void check_clean(const Program& program) {
  for (const Finding& finding : check_stream(chip(), program)) FAIL_CHECK(finding.text);
}

}  // namespace

TEST_CASE("races: both instructions, the bytes and what they do") {
  check_only({load(0, 8), relu(256, 0)}, Kind::Race,
             "instruction 0 (copy_gm_to_ubuf, MTE2) and 1 (vrelu, V) conflict on UB[0x0, 0x100): write then read, nothing orders them");
  check_only({load(0, 8), set(kMte2, kV), wait(kMte2, kV), relu(256, 0), store(256, 4)}, Kind::Race,
             "instruction 3 (vrelu, V) and 4 (copy_ubuf_to_gm, MTE3) conflict on UB[0x100, 0x180): write then read, nothing orders them");
  check_clean({load(0, 8), set(kMte2, kV), wait(kMte2, kV), relu(256, 0), set(kV, kMte3), wait(kV, kMte3), store(256, 8)});
  check_clean({load(0, 8), barrier(kPipeAll), relu(256, 0), barrier(kPipeAll), store(256, 8)});
  // A flag of another pair of pipes does not help; one that leads there through a third pipe does.
  CHECK(check_stream(chip(), {load(0, 8), set(kMte2, kMte3), wait(kMte2, kMte3), relu(256, 0)}).size() == 1);
  check_clean({load(0, 8), set(kMte2, kMte3), wait(kMte2, kMte3), set(kMte3, kV), wait(kMte3, kV), relu(256, 0)});
}

TEST_CASE("double buffers: the second round must wait until the first one was read") {
  const auto round = [](int64_t buffer, bool wait_free, bool free) {
    Program p;
    if (wait_free) p.push_back(wait(kV, kMte2, buffer));
    p.insert(p.end(), {load(buffer * 512, 8), set(kMte2, kV, buffer), wait(kMte2, kV, buffer), relu(4096 + buffer * 512, buffer * 512)});
    if (free) p.push_back(set(kV, kMte2, buffer));
    return p;
  };
  const auto four = [&](bool first, bool second) {
    Program program;
    for (int i = 0; i < 4; ++i) {
      const bool used = i % 2 ? second : first;
      const Program one = round(i % 2, used && i >= 2, used && i < 2);
      program.insert(program.end(), one.begin(), one.end());
      program.push_back(barrier(kV));
    }
    return program;
  };
  check_clean(four(true, true));
  const auto missing = check_stream(chip(), four(true, false));
  REQUIRE(!missing.empty());
  CHECK(std::ranges::any_of(missing, [](const Finding& f) { return f.kind == Kind::Race && f.text.ends_with("conflict on UB[0x200, 0x300): read then write, nothing orders them"); }));
}

TEST_CASE("interleaved strided accesses conflict only where bytes are shared") {
  // V writes the even blocks of 16, MTE3 reads odd ones, then even ones.
  const Instr even = make_instr(VectorDup, {0, 0, 0, 1, 2, 8});
  const auto read = [](int64_t from) { return make_instr(CopyUbufToGm, {kArenaBase + (1 << 20), from, 8, 1, 1, 0}); };
  check_clean({even, read(32)});
  check_only({even, read(64)}, Kind::Race,
             "instruction 0 (vector_dup, V) and 1 (copy_ubuf_to_gm, MTE3) conflict on UB[0x40, 0x1e0): write then read, nothing orders them");
  // Sixteen masked lanes of each block of fp16: the other pipe may have the other half.
  const Instr half_mask = make_instr(SetVectorMask, {0, 0x00ff});
  const auto bytes = [](int64_t length) { return make_instr(CopyGmToUbufAlign, {0, kArenaBase, 1, length, 0, 0, 0}); };
  check_only({half_mask, relu(1024, 0), bytes(16)}, Kind::Race,
             "instruction 1 (vrelu, V) and 2 (copy_gm_to_ubuf_align, MTE2) conflict on UB[0x0, 0x10): read then write, nothing orders them");
  check_clean({make_instr(SetVectorMask, {0, 0xff00}), relu(1024, 0), bytes(16)});
}

TEST_CASE("device memory: two pipes of one block") {
  check_only({store(0, 8, kArenaBase), load(512, 8, kArenaBase + 128)}, Kind::Race,
             "instruction 0 (copy_ubuf_to_gm, MTE3) and 1 (copy_gm_to_ubuf, MTE2) conflict on GM[0x8000000080, 0x8000000100): write then read, nothing orders them");
  check_clean({store(0, 8, kArenaBase), load(512, 8, kArenaBase + 256)});
}

TEST_CASE("vector instructions are pipelined") {
  check_only({relu(256, 0), relu(512, 256)}, Kind::Barrier, "instruction 0 (vrelu, V) and 1 (vrelu, V) both use UB[0x100, 0x200): the pipe is pipelined, pipe_barrier(V) must be between them");
  check_clean({relu(256, 0), barrier(kV), relu(512, 256)});
  check_clean({relu(256, 0), relu(512, 0), relu(0, 768)});  // reading first is safe: the pipe is in order
  // A way around through another pipe has waited for the result too.
  check_clean({relu(256, 0), set(kV, kMte3), wait(kV, kMte3), set(kMte3, kV), wait(kMte3, kV), relu(512, 256)});
}

TEST_CASE("one instruction that reads at another place what its repeats write") {
  check_only({relu(64, 0, 2)}, Kind::Overlap, "instruction 0 (vrelu, V) reads UB[0x0, 0x200) and writes UB[0x40, 0x240): they overlap, and not at the same place");
  check_clean({relu(0, 0, 2)});
  check_clean({relu(64, 0, 1)});  // a repeat reads before it writes
  check_clean({make_instr(Vrelu, {0, 32, 0, 4, 2, 2, 16, 16})});  // odd blocks from even ones
}

TEST_CASE("misused flags") {
  check_only({set(kMte2, kV), set(kMte2, kV), wait(kMte2, kV)}, Kind::Flag, "instruction 1 (set_flag, MTE2) sets a flag that instruction 0 (set_flag, MTE2) set and nothing has waited for");
  check_only({set(kMte2, kV, 3)}, Kind::Flag, "instruction 0 (set_flag, MTE2) sets a flag that nothing waits for");
  check_only({set(kMte2, kV), wait(kMte2, kV), set(kMte3, kMte2), wait(kMte3, kMte2), set(kMte2, kV), wait(kMte2, kV)}, Kind::Flag,
             "instruction 4 (set_flag, MTE2) may set its flag again before instruction 1 (wait_flag, V) has waited for the one before");
  check_clean({set(kMte2, kV), wait(kMte2, kV), set(kV, kMte2), wait(kV, kMte2), set(kMte2, kV), wait(kMte2, kV)});
  check_only({set(kMte2, kV, 9), wait(kMte2, kV, 9)}, Kind::Flag,
             fmt::format("instruction 0 (set_flag, MTE2): event 9 does not exist on Ascend310 ({} for each pair of pipes)", chip().event_ids));
}

TEST_CASE("deadlocks name who waits for whom") {
  check_only({wait(kMte2, kV)}, Kind::Deadlock, "instruction 0 (wait_flag, V) waits for a flag that is never set");
  check_only({wait(kMte1, kM), set(kM, kMte2), wait(kMte2, kMte1), set(kMte1, kM), wait(kM, kMte2), set(kMte2, kMte1)}, Kind::Deadlock,
             "deadlock: M waits for MTE1 (instruction 0 (wait_flag, M) for the flag of 3 (set_flag, MTE1)), MTE1 waits for MTE2 (instruction 2 (wait_flag, MTE1) for the "
             "flag of 5 (set_flag, MTE2)), MTE2 waits for M (instruction 4 (wait_flag, MTE2) for the flag of 1 (set_flag, M))");
  check_only({wait(kMte2, kV), barrier(kPipeAll), set(kMte2, kV)}, Kind::Deadlock,
             "deadlock: S waits for V (to drain it at instruction 1 (pipe_barrier, S)), V waits for S (instruction 0 (wait_flag, V) for the flag of 2 (set_flag, MTE2), not issued yet)");
  // A pipe's queue is finite: the set behind a full queue is never issued.
  Program full{wait(kMte2, kV)};
  for (int i = 0; i < chip().queue_depth; ++i) full.push_back(relu(1024 + i * 256, 0));
  full.push_back(set(kMte2, kV));
  const auto findings = check_stream(chip(), full);
  REQUIRE(findings.size() == 1);
  CHECK_MESSAGE(findings[0].text.starts_with("deadlock: S waits for V (whose queue is full at instruction"), findings[0].text);
  full.erase(full.begin() + 1);
  check_clean(full);
}

TEST_CASE("the scalar unit takes part in flags") {
  check_clean({load(0, 8), set(kMte2, kS), wait(kMte2, kS), relu(256, 0)});  // issued after the wait
  CHECK(check_stream(chip(), {load(0, 8), set(kMte2, kS), relu(256, 0), wait(kMte2, kS)}).size() == 1);
  check_clean({load(0, 8), set(kMte2, kS), wait(kMte2, kS), set(kS, kV), wait(kS, kV), relu(256, 0)});
}

TEST_CASE("operands have limits, on-chip buffers end") {
  Instr wide = relu(0, 256);
  wide.arg[field::kUnRepeat] = 300;
  const auto findings = check_stream(chip(), {wide});
  REQUIRE(!findings.empty());
  CHECK(findings[0].kind == Kind::Operand);
  CHECK_MESSAGE(findings[0].text.find("repeat is 300") != std::string::npos, findings[0].text);
  check_only({load(chip().ub - 32, 2)}, Kind::Operand, "instruction 0 (copy_gm_to_ubuf, MTE2): writes UB[0x3dfe0, 0x3e020), the buffer has 0x3e000 bytes");
}

TEST_CASE("at most as many findings as asked for") {
  Program program;
  for (int i = 0; i < 50; ++i) program.insert(program.end(), {load(i * 256, 8), relu(32768, i * 256)});
  CHECK(check_stream(chip(), program, 7).size() == 7);
}

TEST_CASE("random streams with random flags: clean exactly if the oracle finds every conflicting pair ordered") {
  std::mt19937 random(11);
  const auto below = [&](int n) { return static_cast<int64_t>(random() % static_cast<unsigned>(n)); };
  int clean = 0, dirty = 0, hung = 0;
  std::array<int, kOpcodes> cases{};
  while (std::min({cases[static_cast<size_t>(SetFlag)], cases[static_cast<size_t>(WaitFlag)], cases[static_cast<size_t>(PipeBarrier)]}) < 10000) {
    Program program;
    const int length = 3 + static_cast<int>(below(14));
    const int64_t pipes[] = {kV, kMte2, kMte3, static_cast<int64_t>(Pipe::S)};
    for (int i = 0; i < length; ++i) {
      const int64_t place = below(6) * 128, gm = kArenaBase + below(4) * 128;
      const int64_t from = pipes[below(4)], to = pipes[below(4)];
      switch (below(9)) {
        case 0: program.push_back(load(place, 1 + below(6), gm)); break;
        case 1: program.push_back(store(place, 1 + below(6), gm)); break;
        case 2: program.push_back(relu(place, below(6) * 128)); break;
        case 3: program.push_back(make_instr(CopyGmToUbuf, {place + below(2) * 32, gm, 1 + below(5), 1, 0, 1})); break;
        case 4: program.push_back(make_instr(VectorDup, {0, place, 0, 1, 1 + below(3), 8})); break;
        case 5: program.push_back(barrier(below(3) ? kV : kPipeAll)); break;
        default:
          if (from == to) break;
          program.push_back(set(from, to, below(2)));
          program.push_back(wait(from, to, program.back().arg[2]));
          if (below(3) == 0) std::swap(program[static_cast<size_t>(below(static_cast<int>(program.size())))], program.back());
      }
    }
    for (const Instr& instr : program) ++cases[static_cast<size_t>(instr.op)];
    const test::Order order = test::order_of(program);
    bool expected = !order.hangs && !order.undefined && !order.unpaired;
    if (expected)
      for (const auto& [a, b] : test::conflicts_of(program))
        expected &= order.before(static_cast<size_t>(a), static_cast<size_t>(b)) || order.before(static_cast<size_t>(b), static_cast<size_t>(a));
    std::string text;
    for (const Instr& instr : program) text += disassemble(instr) + "\n";
    CAPTURE(text);
    const auto findings = check_stream(chip(), program);
    REQUIRE_MESSAGE(findings.empty() == expected, (findings.empty() ? "no finding" : findings[0].text));
    if (!order.undefined) {
      const bool deadlock = std::ranges::any_of(findings, [](const Finding& finding) { return finding.kind == Kind::Deadlock; });
      REQUIRE(deadlock == order.hangs);
      REQUIRE(time_task(chip(), std::span(&program, 1), false).has_value() == !order.hangs);
      hung += order.hangs;
    }
    ++(expected ? clean : dirty);
  }
  CHECK(clean > 500);
  CHECK(dirty > 500);
  CHECK(hung > 100);
}

}  // namespace npu
