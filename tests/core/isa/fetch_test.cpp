// SPDX-License-Identifier: Apache-2.0
#include "core/isa/fetch.h"

#include <doctest/doctest.h>

#include <map>

namespace npu {
namespace {

using enum Opcode;
constexpr int64_t kZero = kNoRegister;

// Memory of one byte a map entry.
struct FakeHost final : ScalarHost {
  Result<uint64_t> load(Buffer, int64_t address, int bytes) override {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= uint64_t{memory[address + i]} << 8 * i;
    return value;
  }
  Status store(Buffer, int64_t address, int bytes, uint64_t value) override {
    for (int i = 0; i < bytes; ++i) memory[address + i] = static_cast<uint8_t>(value >> 8 * i);
    return {};
  }
  uint64_t special(Special which) override { return 1000 + static_cast<uint64_t>(which); }
  std::map<int64_t, uint8_t> memory;
};

// Program indices in order of execution.
std::vector<int> order(const Program& program, ScalarHost* host = nullptr) {
  Fetch fetch(program, host);
  std::vector<int> indices;
  while (fetch.next()) indices.push_back(fetch.index());
  const std::string message = fetch.error() ? fetch.error()->message() : "";
  REQUIRE(message == "");
  return indices;
}

std::string error_of(const Program& program, ScalarHost* host = nullptr) {
  Fetch fetch(program, host);
  while (fetch.next()) {}
  CHECK(fetch.next() == nullptr);
  return fetch.error() ? fetch.error()->message() : "";
}

Instr barrier() { return make_instr(PipeBarrier, {1}); }

TEST_CASE("straight-line programs are yielded as they are") {
  const Program program{barrier(), make_instr(SetPadding, {7}), barrier()};
  Fetch fetch(program);
  for (const Instr& instr : program) CHECK(fetch.next() == &instr);
  CHECK(fetch.next() == nullptr);
  CHECK(!fetch.error());
  CHECK(issue_all(program)->straight == &program);
  CHECK(order({}).empty());
}

TEST_CASE("loops: counts, nesting, bodies that end together, none") {
  CHECK(order({make_instr(Loop, {2, kZero, 3}), barrier(), barrier(), barrier()}) == std::vector{0, 1, 2, 1, 2, 1, 2, 3});
  CHECK(order({make_instr(Loop, {3, kZero, 2}), barrier(), make_instr(Loop, {1, kZero, 2}), barrier()}) == std::vector{0, 1, 2, 3, 3, 1, 2, 3, 3});
  CHECK(order({make_instr(Loop, {1, kZero, 0}), barrier(), barrier()}) == std::vector{0, 2});
  CHECK(order({make_instr(Loop, {0, kZero, 5}), barrier()}) == std::vector{0, 1});
  // The count from a register; a negative one is none.
  CHECK(order({make_instr(MovXdImm, {3, -4}), make_instr(Loop, {1, 3, 6}), barrier(), make_instr(Loop, {1, 3, 4}), barrier()}) == std::vector{0, 1, 2, 2, 3});
}

TEST_CASE("jumps: forward, back, out of a loop, to its end") {
  CHECK(order({make_instr(Jump, {2}), barrier(), barrier()}) == std::vector{0, 2});
  // X1 counts down from 3.
  CHECK(order({make_instr(MovXdImm, {1, 3}), make_instr(Sub, {1, 1, kZero, 1}), make_instr(JumpIf, {-1, 1, 1})}) == std::vector{0, 1, 2, 1, 2, 1, 2});
  // Leaves the loop in its second iteration.
  CHECK(order({make_instr(Loop, {3, kZero, 9}), make_instr(Add, {1, 1, kZero, 1}), make_instr(Cmp, {2, 1, kZero, 2, 0}), make_instr(JumpIf, {2, 2, 1}), barrier(),
               barrier()}) == std::vector{0, 1, 2, 3, 1, 2, 3, 5});
  // To the end of the body: the next iteration.
  CHECK(order({make_instr(Loop, {2, kZero, 2}), make_instr(Jump, {2}), barrier(), barrier()}) == std::vector{0, 1, 1, 3});
}

TEST_CASE("calls: loops of the caller rest, the callee's end with it") {
  // 0 loop(1) x2 { 1 call 3 } 2 jump end; 3 loop(1) x2 { 4 } 5 ret
  CHECK(order({make_instr(Loop, {1, kZero, 2}), make_instr(Call, {2}), make_instr(Jump, {4}), make_instr(Loop, {1, kZero, 2}), barrier(), make_instr(Ret, {})}) ==
        std::vector{0, 1, 3, 4, 4, 5, 1, 3, 4, 4, 5, 2});
}

TEST_CASE("arithmetic of registers") {
  struct Case { Opcode op; int64_t a, b, result; };
  const Case cases[] = {{Add, INT64_MAX, 1, INT64_MIN}, {Sub, 3, 5, -2}, {Mul, -3, 5, -15}, {Div, -7, 2, -3}, {Div, INT64_MIN, -1, INT64_MIN}, {Rem, -7, 2, -1},
                        {Rem, INT64_MIN, -1, 0}, {Min, -1, 2, -1}, {Max, -1, 2, 2}, {And, 12, 10, 8}, {Or, 12, 10, 14}, {Xor, 12, 10, 6}, {Shl, 1, 63, INT64_MIN},
                        {Shl, 1, 64, 1}, {Shr, -1, 60, 15}, {Sar, -16, 2, -4}};
  for (const Case& c : cases) {
    // The sum X[xm] + imm is the second operand. What was calculated is the address of a store.
    const Program program{make_instr(MovXdImm, {5, c.a}), make_instr(MovXdImm, {6, c.b - 9}), make_instr(c.op, {7, 5, 6, 9}), make_instr(StGm, {7, 64, kZero, 3})};
    FakeHost host;
    order(program, &host);
    CAPTURE(instr_info(c.op).name);
    CHECK(static_cast<int64_t>(*host.load(Buffer::GM, 64, 8)) == c.result);
  }
  const bool expected[3][6] = {{false, true, true, true, false, false}, {true, false, false, true, false, true}, {false, true, false, false, true, true}};
  for (int order_of = 0; order_of < 3; ++order_of)
    for (int mode = 0; mode < 6; ++mode) {
      FakeHost host;
      order({make_instr(MovXdImm, {1, order_of - 1}), make_instr(Cmp, {2, 1, kZero, 0, mode}), make_instr(StUb, {2, 8, kZero, 0})}, &host);
      CHECK(host.memory[8] == expected[order_of][mode]);
    }
  CHECK(error_of({make_instr(Div, {1, 2, 3, 0})}) == "InvalidProgram: instruction 0: div xd=X1 xn=X2 xm=X3 imm=0: divides 0 by zero");
}

TEST_CASE("loads extend, stores truncate, addresses take a register") {
  FakeHost host;
  REQUIRE(host.store(Buffer::GM, 0x108, 8, 0xfedcba9876543210u).has_value());
  const auto loaded = [&](int size, int sign) {
    order({make_instr(MovXdImm, {4, 0x100}), make_instr(LdGm, {9, 8, 4, size, sign}), make_instr(StUb, {9, 0x200, kZero, 3})}, &host);
    return static_cast<int64_t>(*host.load(Buffer::UB, 0x200, 8));
  };
  CHECK(loaded(0, 0) == 0x10);
  CHECK(loaded(2, 0) == 0x76543210);
  CHECK(loaded(3, 0) == static_cast<int64_t>(0xfedcba9876543210u));
  host.memory[0x10f] = 0x7f, host.memory[0x10b] = 0x80;
  CHECK(loaded(2, 1) == static_cast<int32_t>(0x80543210u));
  const Program store{make_instr(MovXdImm, {4, 0x100}), make_instr(StGm, {4, 0x20, 4, 1})};
  Fetch resolved(store, &host);
  resolved.next();
  // What readers see is the whole address.
  CHECK(*resolved.next() == make_instr(StGm, {4, 0x120, kZero, 1}));
  CHECK(error_of({make_instr(LdGm, {0, 6, kZero, 2, 0})}, &host).ends_with("address is GM[0x6], not a multiple of 4"));
}

TEST_CASE("prefixes add registers to operands of the next instruction") {
  const Program program{make_instr(MovXdImm, {1, 64}), make_instr(MovXdImm, {2, 5}), make_instr(AddXnToOperand, {1, 1}), make_instr(AddXnToOperand, {3, 2}),
                        make_instr(Vabs, {0, 32, 0, 1, 1, 1, 8, 8}), make_instr(Vabs, {0, 32, 0, 1, 1, 1, 8, 8})};
  const auto issued = issue_all(program);
  REQUIRE(issued.has_value());
  REQUIRE(issued->view().size() == 4);
  CHECK(issued->view()[2] == make_instr(Vabs, {0, 96, 0, 6, 1, 1, 8, 8}));
  CHECK(issued->view()[3] == program[5]);
  CHECK(issued->indices == std::vector{0, 1, 4, 5});

  const Instr half = make_instr(MovXdImm, {1, 300}), prefix = make_instr(AddXnToOperand, {3, 1});
  CHECK(error_of({half, prefix, program[5]}).ends_with("repeat is 301, allowed are 0 to 255"));
  CHECK(error_of({half, make_instr(AddXnToOperand, {1, 1}), program[5]}).ends_with("dst is UB[0x14c], not a multiple of 32"));
  CHECK(error_of({half, make_instr(AddXnToOperand, {9, 1}), program[5]}).ends_with("a register is added to operand 9, it has 8"));
  CHECK(error_of({half, prefix}).ends_with("a prefix without an instruction"));
}

TEST_CASE("what depends on loaded data is an error for readers without memory, and only there") {
  const Instr load = make_instr(LdGm, {3, 64, kZero, 3, 0}), add = make_instr(Add, {4, 3, kZero, 1});
  const std::string tail = " is X4, which comes from what instruction 0 loaded: only executing the program can tell";
  CHECK(error_of({load, add, make_instr(JumpIf, {1, 4, 0})}).ends_with("the condition" + tail));
  CHECK(error_of({load, add, make_instr(Loop, {1, 4, 0}), barrier()}).ends_with("the count" + tail));
  CHECK(error_of({load, add, make_instr(AddXnToOperand, {0, 4}), barrier()}).ends_with("an operand" + tail));
  CHECK(error_of({load, add, make_instr(LdUb, {4, 0, 4, 0, 0})}).ends_with("the address" + tail));
  CHECK(error_of({load, add, make_instr(StUb, {4, 0, kZero, 0})}) == "");
  CHECK(error_of({load, add, make_instr(MovXdImm, {4, 1}), make_instr(JumpIf, {1, 4, 0})}) == "");
  FakeHost host;
  host.memory[64] = 2;
  CHECK(order({load, add, make_instr(Loop, {1, 4, 0}), barrier()}, &host) == std::vector{0, 1, 2, 3, 3, 3});
}

TEST_CASE("special registers: the block's place is known to every reader") {
  const Program program{make_instr(MovXdSpr, {1, 0}), make_instr(MovXdSpr, {2, 1}), make_instr(AddXnToOperand, {0, 1}), make_instr(AddXnToOperand, {1, 2}),
                        make_instr(SetVectorMask, {0, 0})};
  Fetch fetch(program, nullptr, {5, 8});
  fetch.next(), fetch.next();
  CHECK(*fetch.next() == make_instr(SetVectorMask, {5, 8}));
  CHECK(error_of({make_instr(MovXdSpr, {1, 3}), make_instr(Loop, {1, 1, 0}), barrier()}).find("only executing") != std::string::npos);
}

TEST_CASE("programs that do not end, or leave their bounds, are errors") {
  CHECK(error_of({make_instr(Jump, {0})}).find("does not end") != std::string::npos);
  CHECK(error_of({make_instr(Loop, {1, kZero, (int64_t{1} << 32) - 1}), make_instr(Loop, {1, kZero, (int64_t{1} << 32) - 1}), barrier()}).find("does not end") != std::string::npos);
  CHECK(error_of({make_instr(Jump, {-1})}).ends_with("goes to instruction -1 of 1"));
  CHECK(error_of({make_instr(Jump, {2})}).ends_with("goes to instruction 2 of 1"));
  CHECK(error_of({make_instr(Loop, {2, kZero, 1}), barrier()}).ends_with("2 instructions to repeat, 1 follow"));
  CHECK(error_of({make_instr(Ret, {})}).ends_with("returns from no call"));
  CHECK(error_of({make_instr(Call, {0})}).ends_with("calls are nested deeper than 16"));
  CHECK(error_of({make_instr(Call, {1}), barrier()}).ends_with("the program ends inside a call"));
  Program deep;
  for (int64_t i = 9; i > 0; --i) deep.push_back(make_instr(Loop, {i, kZero, 2}));
  deep.push_back(barrier());
  CHECK(error_of(deep).ends_with("loops are nested deeper than 8"));
  Instr wrong = make_instr(Add, {1, 2, 3, 0});
  wrong.arg[1] = 40;
  CHECK(error_of({wrong}).ends_with("xn is 40, allowed are 0 to 32"));
}

TEST_CASE("iterations can be skipped: what follows is the same") {
  const Program program{make_instr(MovXdImm, {1, 0}), make_instr(Loop, {3, kZero, 1000}), make_instr(Add, {1, 1, kZero, 32}), make_instr(AddXnToOperand, {1, 1}),
                        make_instr(Vabs, {0, 0, 0, 1, 1, 1, 8, 8}), barrier()};
  const auto all = issue_all(program)->view();
  Fetch fetch(program);
  std::vector<Instr> seen;
  while (const Instr* instr = fetch.next()) {
    seen.push_back(*instr);
    if (seen.size() == 6) {
      const auto loop = fetch.innermost_loop();
      REQUIRE(loop.has_value());
      CHECK(loop->left == 998);
      CHECK(fetch.skip_iterations(900) == 900);
      CHECK(fetch.innermost_loop()->left == 98);
    }
  }
  REQUIRE(seen.size() == all.size() - 1800);
  CHECK(std::equal(seen.begin() + 6, seen.end(), all.begin() + 1806));
  // Without scalar rows in the body it takes no time.
  const Program long_one{make_instr(Loop, {1, kZero, (int64_t{1} << 32) - 1}), barrier(), barrier()};
  Fetch quick(long_one);
  quick.next(), quick.next();
  CHECK(quick.skip_iterations(INT64_MAX) == (int64_t{1} << 32) - 3);
  for (int index : {1, 2}) {
    CHECK(quick.next() != nullptr);
    CHECK(quick.index() == index);
  }
  CHECK(quick.next() == nullptr);
  CHECK(!quick.error());
}

}  // namespace
}  // namespace npu
