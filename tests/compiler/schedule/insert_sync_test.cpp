// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "compiler/schedule/insert_sync.h"
#include "core/chip/check/check.h"
#include "core/chip/chip.h"

namespace npu {
namespace {

constexpr int64_t kOutput = 1 << 20;

const Soc& soc(const char* name) { return **find_soc(name); }

// Random copies and vector operations on a few overlapping tiles of UB.
Program random_stream(uint32_t seed, int length) {
  uint32_t state = seed * 747796405u + 1;
  const auto random = [&](uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int64_t>((state >> 10) % below);
  };
  Program program;
  for (int i = 0; i < length; ++i) {
    const int64_t a = random(8) * 128, b = random(8) * 128, c = random(8) * 128, gm = kOutput + random(16) * 256;
    switch (random(3)) {
      case 0: program.push_back(make_instr(Opcode::CopyGmToUbuf, {a, gm, 1, 8, 0, 0})); break;
      case 1: program.push_back(make_instr(Opcode::Vadd, {0, a, b, c, 1, 1, 1, 1, 8, 8, 8})); break;
      default: program.push_back(make_instr(Opcode::CopyUbufToGm, {gm, a, 1, 8, 0, 0}));
    }
  }
  return program;
}

}  // namespace

TEST_CASE("streams with inserted flags pass the flag checker and do not deadlock") {
  for (const char* name : {"Ascend310", "Ascend910A"})
    for (uint32_t seed = 0; seed < 60; ++seed) {
      const Program program = insert_sync(soc(name), random_stream(seed, 120));
      CAPTURE(seed);
      for (const Finding& finding : check_stream(soc(name), program)) FAIL_CHECK(finding.text);
      const auto timing = time_task(soc(name), std::span(&program, 1), false);
      REQUIRE_MESSAGE(timing, (timing ? "" : timing.error().message()));
      CHECK(timing->cycles > 0);
    }
}

TEST_CASE("the data instructions stay as they are, in their order") {
  const Program before = random_stream(7, 100);
  Program after = insert_sync(soc("Ascend310"), before);
  std::erase_if(after, [](const Instr& i) { return i.op == Opcode::SetFlag || i.op == Opcode::WaitFlag || i.op == Opcode::PipeBarrier; });
  CHECK(after == before);
}

TEST_CASE("a load, an operation and a store need two flags and a closing barrier") {
  const Program program = insert_sync(soc("Ascend310"), {make_instr(Opcode::CopyGmToUbuf, {0, 0, 1, 8, 0, 0}), make_instr(Opcode::Vrelu, {0, 256, 0, 1, 1, 1, 8, 8}),
                                                         make_instr(Opcode::CopyUbufToGm, {1 << 20, 256, 1, 8, 0, 0})});
  const auto count = [&](Opcode op) { return std::ranges::count(program, op, &Instr::op); };
  CHECK(count(Opcode::SetFlag) == 2);
  CHECK(count(Opcode::WaitFlag) == 2);
  CHECK(count(Opcode::PipeBarrier) == 1);
}

TEST_CASE("flags stand before the prefixes of an instruction, not between") {
  const Program program = insert_sync(soc("Ascend310"), {make_instr(Opcode::Vrelu, {0, 256, 0, 1, 1, 1, 8, 8}), make_instr(Opcode::AddXnToOperand, {0, 1}),
                                                         make_instr(Opcode::AddXnToOperand, {1, 2}), make_instr(Opcode::CopyUbufToGm, {1 << 20, 256, 1, 8, 0, 0})});
  const auto copy = std::ranges::find(program, Opcode::CopyUbufToGm, &Instr::op);
  REQUIRE(copy - program.begin() >= 3);
  CHECK(copy[-1].op == Opcode::AddXnToOperand);
  CHECK(copy[-1].arg[1] == 2);
  CHECK(copy[-2].op == Opcode::AddXnToOperand);
  CHECK(copy[-3].op == Opcode::WaitFlag);
}

TEST_CASE("without any one of its flags a stream is reported, with both instructions and the bytes") {
  const Program good = insert_sync(soc("Ascend310"), {make_instr(Opcode::CopyGmToUbuf, {0, 0, 1, 8, 0, 0}), make_instr(Opcode::Vrelu, {0, 256, 0, 1, 1, 1, 8, 8}),
                                                      make_instr(Opcode::CopyUbufToGm, {1 << 20, 256, 1, 8, 0, 0})});
  for (size_t i = 0; i < good.size(); ++i) {
    if (good[i].op != Opcode::SetFlag) continue;
    Program bad = good;
    const auto wait = std::ranges::find_if(bad, [&](const Instr& x) { return x.op == Opcode::WaitFlag && x.arg == good[i].arg; });
    bad.erase(wait);
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
    const auto findings = check_stream(soc("Ascend310"), bad);
    REQUIRE(!findings.empty());
    CHECK(findings[0].kind == Finding::Kind::Race);
    CHECK_MESSAGE(findings[0].text.find("conflict on UB[0x") != std::string::npos, findings[0].text);
    CHECK_MESSAGE(findings[0].text.find("nothing orders them") != std::string::npos, findings[0].text);
  }
}

}  // namespace npu
