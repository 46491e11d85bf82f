// SPDX-License-Identifier: Apache-2.0
// The scalar unit as the three readers of a program use it.
#include <doctest/doctest.h>

#include "core/chip/check/check.h"
#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;
constexpr int64_t kZero = kNoRegister;

// A loop of `count` vector additions over consecutive pieces of UB, and the same written out.
Program looped(int64_t count) {
  return {make_instr(Loop, {4, kZero, count}), make_instr(AddXnToOperand, {1, 1}), make_instr(AddXnToOperand, {2, 1}),
          make_instr(Vadd, {0, 8192, 0, 4096, 1, 1, 1, 1, 8, 8, 8}), make_instr(Add, {1, 1, kZero, 256})};
}
Program unrolled(int64_t count) {
  Program program;
  for (int64_t i = 0; i < count; ++i) program.push_back(make_instr(Vadd, {0, 8192 + i * 256, i * 256, 4096, 1, 1, 1, 1, 8, 8, 8}));
  return program;
}

std::vector<std::byte> result_of(const Program& body) {
  Rig rig(test::coupled_soc(), 5);
  Program program{Rig::fill_ub(32768)};
  program.insert(program.end(), body.begin(), body.end());
  program.push_back(Rig::dump_ub(32768));
  const Status status = rig.core.execute(program, rig.memory);
  REQUIRE(status.has_value());
  const auto arena = *rig.memory.read(kArenaBase, Rig::kArena);
  return {arena.begin(), arena.end()};
}

TEST_CASE("a loop with operands from registers computes what it would written out") {
  CHECK(result_of(looped(7)) == result_of(unrolled(7)));
  CHECK(result_of(looped(7)) != result_of(unrolled(6)));
}

TEST_CASE("a loop takes the pipes as long as written out; the scalar unit pays for its own instructions") {
  const std::vector<Program> loop{looped(50)}, straight{unrolled(50)};
  const auto a = time_task(test::coupled_soc(), loop, true, true), b = time_task(test::coupled_soc(), straight, true);
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  CHECK(a->pipes[static_cast<size_t>(Pipe::V)].instructions == 50);
  CHECK(a->cycles >= b->cycles);
  CHECK(a->cycles <= b->cycles + 101);
  for (const TraceEvent& event : a->events) CHECK((event.instr >= 0 && event.instr < 5));
}

TEST_CASE("branches on data: executed, refused by readers that have no memory") {
  // Sums the non-negative 32-bit words from GM until the first negative one, stores the sum.
  const int64_t out = kArenaBase + 4096;
  const Program program{make_instr(MovXdImm, {1, kArenaBase}), make_instr(LdGm, {2, 0, 1, 2, 1}), make_instr(JumpIf, {4, 2, 2}), make_instr(Add, {3, 3, 2, 0}),
                        make_instr(Add, {1, 1, kZero, 4}), make_instr(Jump, {-4}), make_instr(StGm, {3, out, kZero, 2})};
  Rig rig(test::coupled_soc());
  const int32_t words[] = {5, 6, 1000, -1, 7};
  std::memcpy(rig.memory.write(kArenaBase, sizeof(words))->data(), words, sizeof(words));
  REQUIRE(rig.core.execute(program, rig.memory).has_value());
  int32_t sum;
  std::memcpy(&sum, rig.memory.read(out, 4)->data(), 4);
  CHECK(sum == 1011);

  const std::vector<Program> blocks{program};
  const auto timed = time_task(test::coupled_soc(), blocks, true);
  REQUIRE(!timed.has_value());
  CHECK(timed.error().message().find("the condition is X2, which comes from what instruction 1 loaded") != std::string::npos);
  const auto lines = check_stream(test::coupled_soc(), program);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text.find("only executing the program can tell") != std::string::npos);
}

TEST_CASE("scalar loads and stores obey the buffers' rules") {
  Rig rig(test::coupled_soc());
  const auto what = [&](const Program& program) {
    rig.core.reset();
    return rig.error_of(program).message();
  };
  CHECK(what({make_instr(LdUb, {1, 64, kZero, 3, 0})}) == "UninitializedRead: instruction 0: ld_ub xd=X1 address=UB[0x40] xn=0 size=3 sign=0: read of UB[0x40, 0x48): nothing wrote UB[0x40]");
  CHECK(what({make_instr(StUb, {1, 253952, kZero, 0})}).ends_with("writes UB[0x3e000, 0x3e001), the buffer has 0x3e000 bytes"));
  CHECK(what({make_instr(StGm, {1, 64, kZero, 0})}).ends_with("is outside the arena GM[0x8000000000, 0x8000100000)"));
  CHECK(what({make_instr(LdGm, {1, kArenaBase + Rig::kArena, kZero, 0, 0})}).find("is outside the weights") != std::string::npos);
  CHECK(what({make_instr(Jump, {0})}).find("does not end") != std::string::npos);
  // An error inside a loop names the instruction of the program, with its operands filled in.
  CHECK(what({make_instr(MovXdImm, {1, 96}), make_instr(AddXnToOperand, {2, 1}), make_instr(Vabs, {0, 0, 0, 1, 1, 1, 8, 8})})
            .starts_with("UninitializedRead: instruction 2: vabs f16 dst=UB[0x0] src=UB[0x60]"));
}

TEST_CASE("flags order the scalar unit's own accesses") {
  const auto pipe = [](Pipe p) { return static_cast<int64_t>(p); };
  const Instr abs = make_instr(Vabs, {0, 256, 0, 1, 1, 1, 8, 8}), load = make_instr(LdUb, {1, 256, kZero, 2, 0}), store = make_instr(StUb, {1, 0, kZero, 2});
  const Instr set_vs = make_instr(SetFlag, {pipe(Pipe::V), pipe(Pipe::S), 0}), wait_vs = make_instr(WaitFlag, {pipe(Pipe::V), pipe(Pipe::S), 0});
  const Instr set_sv = make_instr(SetFlag, {pipe(Pipe::S), pipe(Pipe::V), 0}), wait_sv = make_instr(WaitFlag, {pipe(Pipe::S), pipe(Pipe::V), 0});
  const Soc soc = test::coupled_soc();
  CHECK(check_stream(soc, {abs, load}).size() == 1);
  CHECK(check_stream(soc, {abs, set_vs, wait_vs, load}).empty());
  CHECK(check_stream(soc, {store, abs}).size() == 1);
  CHECK(check_stream(soc, {store, set_sv, wait_sv, abs}).empty());
  CHECK(check_stream(soc, {abs, make_instr(PipeBarrier, {kPipeAll}), load}).empty());
  // What the scalar unit has waited for is over for everything it issues afterwards.
  CHECK(check_stream(soc, {abs, set_vs, wait_vs, make_instr(CopyUbufToGm, {kArenaBase, 256, 1, 1, 0, 0})}).empty());
  CHECK(check_stream(soc, {abs, wait_vs, load}).size() == 1);
  const auto time = [&](const Program& program) { return time_task(soc, std::span(&program, 1), true); };
  REQUIRE(time({abs, set_vs, wait_vs, load}).has_value());
  CHECK(time({abs, set_vs, wait_vs, load})->cycles > time({abs})->cycles);
  CHECK(time({wait_vs, load}).error().message().find("waits for a flag that is never set") != std::string::npos);
}

}  // namespace
}  // namespace npu
