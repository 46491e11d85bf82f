// SPDX-License-Identifier: Apache-2.0
// The scalar unit's rows: random registers, memory and control flow against a naive reading of their docs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

constexpr int kCases = 10000;
constexpr int64_t kZero = kNoRegister, kUbBytes = 4096, kGmBytes = 8192, kDump = kArenaBase + Rig::kArena / 2;

// 32 registers, a piece of UB and a piece of GM.
struct NaiveScalar {
  std::array<int64_t, 32> x{};
  std::vector<uint8_t> ub, gm;

  int64_t at(int64_t register_number) const { return register_number == kZero ? 0 : x[static_cast<size_t>(register_number)]; }

  static bool holds(int64_t a, int64_t mode, int64_t b) {
    const bool results[] = {a == b, a != b, a < b, a <= b, a > b, a >= b};
    return results[mode];
  }

  // In 128 bits, cut to 64.
  void run(const Instr& instr) {
    const auto& arg = instr.arg;
    if (instr.op == MovXdImm) {
      x[static_cast<size_t>(arg[0])] = arg[1];
      return;
    }
    if (instr_info(instr.op).fields[1].kind == Field::Address) return memory(instr);
    const __int128 n = at(arg[1]), m = static_cast<int64_t>(static_cast<uint64_t>(at(arg[2])) + static_cast<uint64_t>(arg[3]));
    const auto bits = static_cast<uint64_t>(n);
    const int by = static_cast<int>(m & 63);
    __int128 result = 0;
    switch (instr.op) {
      case Add: result = n + m; break;
      case Sub: result = n - m; break;
      case Mul: result = n * m; break;
      case Div: result = n / m; break;
      case Rem: result = n % m; break;
      case Min: result = n < m ? n : m; break;
      case Max: result = n > m ? n : m; break;
      case And: result = n & m; break;
      case Or: result = n | m; break;
      case Xor: result = n ^ m; break;
      case Shl: result = static_cast<__int128>(static_cast<unsigned __int128>(bits) << by); break;
      case Shr: result = bits >> by; break;
      case Sar: result = n >> by; break;
      default: result = holds(static_cast<int64_t>(n), arg[4], static_cast<int64_t>(m));  // Cmp
    }
    x[static_cast<size_t>(arg[0])] = static_cast<int64_t>(static_cast<uint64_t>(result));
  }

  void memory(const Instr& instr) {
    const auto& arg = instr.arg;
    const bool device = instr.op == LdGm || instr.op == StGm, load = instr.op == LdGm || instr.op == LdUb;
    const int64_t first = arg[1] + at(arg[2]) - (device ? kArenaBase : 0), bytes = int64_t{1} << arg[3];
    uint8_t* place = (device ? gm : ub).data() + first;
    if (!load) {
      for (int64_t i = 0; i < bytes; ++i) place[i] = static_cast<uint8_t>(at(arg[0]) >> 8 * i);
      return;
    }
    __int128 value = 0;
    for (int64_t i = bytes; i-- > 0;) value = value * 256 + place[i];
    if (arg[4] && place[bytes - 1] >= 128) value -= __int128{1} << 8 * bytes;
    x[static_cast<size_t>(arg[0])] = static_cast<int64_t>(static_cast<uint64_t>(value));
  }
};

constexpr Opcode kAlu[] = {Add, Sub, Mul, Div, Rem, Min, Max, And, Or, Xor, Shl, Shr, Sar, Cmp};
constexpr Opcode kMemory[] = {LdGm, LdUb, StGm, StUb};

// Small numbers, edges and random bits.
int64_t random_value(Rig& rig) {
  const int64_t edges[] = {0, 1, -1, INT64_MIN, INT64_MAX, 63, 64, -64, INT64_C(1) << 31};
  switch (rig.below(4)) {
    case 0: return edges[rig.below(9)];
    case 1: return rig.below(2000) - 1000;
    default: return static_cast<int64_t>(rig.random()) >> rig.below(60);
  }
}

// A legal use: no zero divisor, addresses inside and aligned.
Instr random_scalar(Rig& rig, const NaiveScalar& state, Opcode op) {
  for (;;) {
    const int64_t xd = rig.below(32), xn = rig.below(33), xm = rig.below(33);
    if (op == MovXdImm) return make_instr(op, {xd, random_value(rig)});
    if (std::ranges::find(kMemory, op) == std::end(kMemory)) {
      Instr instr = make_instr(op, {xd, xn, xm, random_value(rig)});
      if (op == Cmp) instr.arg[field::kAluMode] = rig.below(6);
      if (op == Cmp && rig.below(3) == 0) instr.arg[field::kAluImm] = static_cast<int64_t>(static_cast<uint64_t>(state.at(xn)) - static_cast<uint64_t>(state.at(xm)));  // equal
      const bool divides = op == Div || op == Rem;
      if (!divides || static_cast<uint64_t>(state.at(xm)) + static_cast<uint64_t>(instr.arg[field::kAluImm]) != 0) return instr;
      continue;
    }
    const bool device = op == LdGm || op == StGm;
    const int64_t size = rig.below(4), place = (device ? kArenaBase : 0) + (rig.below(device ? kGmBytes : kUbBytes) >> size << size);
    int64_t base = 0;
    if (__builtin_sub_overflow(place, state.at(xn), &base) || base < 0 || base >= int64_t{1} << 40) continue;
    return op == LdGm || op == LdUb ? make_instr(op, {xd, base, xn, size, rig.below(2)}) : make_instr(op, {xm, base, xn, size});
  }
}

void append_dump(Program& program) {
  for (int64_t i = 0; i < 32; ++i) program.push_back(make_instr(StGm, {i, kDump + i * 8, kZero, 3}));
  program.push_back(make_instr(CopyUbufToGm, {kDump + 256, 0, 1, kUbBytes / 32, 0, 0}));
}

void check_program(Rig& rig, const Program& program, const NaiveScalar& expected, BlockId block = {}) {
  const Status status = rig.core.execute(program, rig.memory, block);
  std::string text;
  for (const Instr& instr : program) text += disassemble(instr) + "\n";
  CAPTURE(text);
  REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message()));
  std::array<int64_t, 32> registers;
  std::memcpy(registers.data(), rig.memory.read(kDump, 256)->data(), 256);
  for (size_t i = 0; i < 32; ++i) {
    CAPTURE(i);
    REQUIRE(registers[i] == expected.x[i]);
  }
  REQUIRE(std::memcmp(rig.memory.read(kDump + 256, kUbBytes)->data(), expected.ub.data(), kUbBytes) == 0);
  REQUIRE(std::memcmp(rig.memory.read(kArenaBase, kGmBytes)->data(), expected.gm.data(), kGmBytes) == 0);
}

TEST_CASE("arithmetic, comparisons, loads and stores: random uses of each row") {
  Rig rig(test::coupled_soc(), 71);
  std::array<int, kOpcodes> cases{};
  std::vector<Opcode> rows(std::begin(kAlu), std::end(kAlu));
  rows.insert(rows.end(), std::begin(kMemory), std::end(kMemory));
  rows.push_back(MovXdImm);
  while (std::ranges::any_of(rows, [&](Opcode op) { return cases[static_cast<size_t>(op)] < kCases; })) {
    NaiveScalar state;
    const auto gm = rig.memory.read(kArenaBase, kGmBytes);
    for (const std::byte b : *gm) state.gm.push_back(std::to_integer<uint8_t>(b));
    state.ub.assign(state.gm.begin(), state.gm.begin() + kUbBytes);
    Program program{Rig::fill_ub(kUbBytes)};
    for (int i = 0; i < 500; ++i) {
      const Opcode op = i < 32 ? MovXdImm : rows[static_cast<size_t>(rig.below(std::ssize(rows)))];
      const Instr instr = random_scalar(rig, state, op);
      state.run(instr);
      program.push_back(instr);
      ++cases[static_cast<size_t>(op)];
    }
    append_dump(program);
    check_program(rig, program, state);
  }
}

// --- control flow: a tree of statements, walked here and written out as a program ---

struct Statement {
  enum Kind { Mark, Repeat, When, Over, CallTo } kind;
  int64_t number = 0;           // Mark: what is noted; Repeat: count; CallTo: which function
  int64_t from_register = kZero, mode = 0;
  std::vector<Statement> body;
};

constexpr int64_t kTrail = 31, kFree = 8;  // X31 holds what happened in order; X0 to X7 are constants of the test

class FlowTest {
 public:
  FlowTest(Rig& rig, std::array<int, kOpcodes>& cases) : rig_(rig), cases_(cases) {
    for (int64_t i = 0; i < kFree; ++i) registers_[static_cast<size_t>(i)] = rig.below(7) - 3;
    for (int f = 0; f < 3; ++f) functions_.push_back(block(1, f));
    main_ = block(3, 3);
  }

  // X31 = X31 * 31 + number, for each mark.
  uint64_t walk() { return trail_ = 1, follow(main_), trail_; }

  Program write() {
    Program program;
    for (int64_t i = 0; i < kFree; ++i) program.push_back(make_instr(MovXdImm, {i, registers_[static_cast<size_t>(i)]}));
    program.push_back(make_instr(MovXdImm, {kTrail, 1}));
    emit(main_, program);
    program.push_back(make_instr(StGm, {kTrail, kDump, kZero, 3}));
    const size_t end = program.size();
    program.push_back(make_instr(Jump, {0}));
    std::vector<size_t> starts;
    for (const auto& function : functions_) {
      starts.push_back(program.size());
      emit(function, program);
      program.push_back(make_instr(Ret, {}));
      ++cases_[static_cast<size_t>(Ret)];
    }
    program[end].arg[0] = static_cast<int64_t>(program.size() - end);
    for (const auto& [place, function] : calls_) program[place].arg[0] = static_cast<int64_t>(starts[function]) - static_cast<int64_t>(place);
    return program;
  }

 private:
  std::vector<Statement> block(int depth, int callable) {
    std::vector<Statement> statements;
    for (int64_t i = 1 + rig_.below(4); i > 0; --i) {
      Statement s{static_cast<Statement::Kind>(depth > 0 ? rig_.below(5) : 0), 1 + rig_.below(1000), rig_.below(2) ? kZero : rig_.below(kFree), rig_.below(6), {}};
      if (s.kind == Statement::Repeat) s.number = rig_.below(4);
      if (s.kind == Statement::CallTo && callable == 0) s.kind = Statement::Mark;
      if (s.kind == Statement::CallTo) s.number = rig_.below(callable);
      else if (s.kind != Statement::Mark) s.body = block(depth - 1, callable);
      statements.push_back(std::move(s));
    }
    return statements;
  }

  int64_t value(int64_t number) const { return number == kZero ? 0 : registers_[static_cast<size_t>(number)]; }

  void follow(const std::vector<Statement>& statements) {
    for (const Statement& s : statements) {
      if (s.kind == Statement::Mark) trail_ = trail_ * 31 + static_cast<uint64_t>(s.number);
      if (s.kind == Statement::Repeat)
        for (int64_t i = s.number + value(s.from_register); i > 0; --i) follow(s.body);
      if (s.kind == Statement::When && !NaiveScalar::holds(value(s.from_register), s.mode, 0)) follow(s.body);
      if (s.kind == Statement::CallTo) follow(functions_[static_cast<size_t>(s.number)]);
    }
  }

  void emit(const std::vector<Statement>& statements, Program& program) {
    for (const Statement& s : statements) {
      const size_t at = program.size();
      const auto add = [&](const Instr& instr) { program.push_back(instr), ++cases_[static_cast<size_t>(instr.op)]; };
      switch (s.kind) {
        case Statement::Mark:
          add(make_instr(Mul, {kTrail, kTrail, kZero, 31}));
          add(make_instr(Add, {kTrail, kTrail, kZero, s.number}));
          break;
        case Statement::CallTo:
          add(make_instr(Call, {0}));
          calls_.emplace_back(at, static_cast<size_t>(s.number));
          break;
        default:
          add(s.kind == Statement::Repeat ? make_instr(Loop, {0, s.from_register, s.number}) : s.kind == Statement::When ? make_instr(JumpIf, {0, s.from_register, s.mode}) : make_instr(Jump, {0}));
          emit(s.body, program);
          program[at].arg[0] = static_cast<int64_t>(program.size() - at) - (s.kind == Statement::Repeat);
      }
    }
  }

  Rig& rig_;
  std::array<int, kOpcodes>& cases_;
  std::array<int64_t, kFree> registers_;
  std::vector<std::vector<Statement>> functions_;
  std::vector<Statement> main_;
  std::vector<std::pair<size_t, size_t>> calls_;
  uint64_t trail_ = 0;
};

TEST_CASE("loops, branches and calls: random programs leave the trail of their tree") {
  Rig rig(test::coupled_soc(), 72);
  std::array<int, kOpcodes> cases{};
  const auto enough = [&] { return std::ranges::all_of(std::array{Loop, Jump, JumpIf, Call, Ret}, [&](Opcode op) { return cases[static_cast<size_t>(op)] >= kCases; }); };
  while (!enough()) {
    FlowTest test(rig, cases);
    const Program program = test.write();
    std::string text;
    for (const Instr& instr : program) text += disassemble(instr) + "\n";
    CAPTURE(text);
    const Status status = rig.core.execute(program, rig.memory);
    REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message()));
    uint64_t trail;
    std::memcpy(&trail, rig.memory.read(kDump, 8)->data(), 8);
    REQUIRE(trail == test.walk());
  }
}

TEST_CASE("add_xn_to_operand: random sums in random operands") {
  Rig rig(test::coupled_soc(), 73);
  constexpr int kBatch = 100;
  for (int done = 0; done < kCases; done += kBatch) {
    Program program{Rig::fill_ub(32768)}, plain = program;
    for (int i = 0; i < kBatch; ++i) {
      Instr whole = make_instr(Vadd, {rig.below(4), rig.below(256) * 32, rig.below(256) * 32, rig.below(256) * 32, rig.below(4), rig.below(3), rig.below(3), rig.below(3), rig.below(9), rig.below(9), rig.below(9)});
      plain.push_back(whole);
      Instr part = whole;
      Program prefixes;
      for (int64_t n = 1 + rig.below(3); n > 0; --n) {
        const int64_t operand = 1 + rig.below(10), step = operand <= 3 ? 32 : 1;
        const int64_t share = rig.below(3) == 0 ? -step * rig.below(5) : rig.below(part.arg[static_cast<size_t>(operand)] / step + 1) * step;
        part.arg[static_cast<size_t>(operand)] -= share;
        program.push_back(make_instr(MovXdImm, {n, share}));
        prefixes.push_back(make_instr(AddXnToOperand, {operand, n}));
      }
      program.insert(program.end(), prefixes.begin(), prefixes.end());
      program.push_back(part);
    }
    for (Program* p : {&program, &plain}) p->push_back(Rig::dump_ub(32768));
    const Status status = rig.core.execute(program, rig.memory);
    REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message()));
    for (const Instr& instr : plain) rig.naive.run(instr);
    REQUIRE(std::memcmp(rig.memory.read(kDump, 32768)->data(), rig.naive.arena.data() + Rig::kArena / 2, 32768) == 0);
  }
}

TEST_CASE("mov_xd_spr: what random instructions left there") {
  Rig rig(test::split_soc(), 74);
  for (int done = 0; done <= kCases / 7; ++done) {
    const int64_t lanes = 128, pattern = 1 + rig.below(7), repeat = rig.below(4), count = rig.below(3) ? 0 : rig.below(130), mask_at = rig.below(64) * 32;
    int64_t kept = 0;
    for (int64_t lane = 0; lane < lanes && (count == 0 || lane < count); ++lane) {
      const bool chosen[] = {false, lane % 2 == 0, lane % 2 == 1, lane % 4 == 0, lane % 4 == 1, lane % 4 == 2, lane % 4 == 3, true};
      kept += chosen[pattern];
    }
    const int64_t lists = 2 + rig.below(3);
    int64_t lengths[4], taken = 0;
    for (int64_t i = 0; i < 4; ++i) lengths[i] = 1 + rig.below(8), taken |= i < lists ? lengths[i] << 16 * i : 0;
    const BlockId block{rig.below(30), 30 + rig.below(10), rig.below(2)};
    Program program{Rig::fill_ub(65536), make_instr(Vreducev2, {0, 32768, 0, 0, pattern, repeat, 1, 8, 0, count}),
                    make_instr(Vmrgsort4, {1, 40960, 0, 256, 512, 768, lengths[0], lengths[1], lengths[2], lengths[3], lists, 0}), make_instr(SetCmpMask, {mask_at})};
    for (int64_t i = 0; i < 7; ++i) {
      program.push_back(make_instr(MovXdSpr, {i, i}));
      program.push_back(make_instr(StGm, {i, kDump + i * 8, kZero, 3}));
    }
    const Status status = rig.core.execute(program, rig.memory, block);
    REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message()));
    std::array<int64_t, 7> values, expected{block.index, block.count, block.sub_block, kept * repeat, taken, 0, 0};
    std::memcpy(values.data(), rig.memory.read(kDump, 56)->data(), 56);
    std::memcpy(&expected[5], rig.naive.arena.data() + mask_at, 16);
    REQUIRE(values == expected);
  }
}

TEST_CASE("scalar rows halt: division by zero, addresses that are not aligned or not there") {
  Rig rig(test::coupled_soc(), 75);
  const auto what = [&](const Program& program) {
    rig.core.reset();
    return rig.error_of(program).what;
  };
  for (int i = 0; i < 300; ++i) {
    const int64_t n = random_value(rig);
    for (Opcode op : {Div, Rem}) CHECK(what({make_instr(MovXdImm, {1, n}), make_instr(MovXdImm, {2, 77}), make_instr(op, {3, 1, 2, -77})}) == fmt::format("divides {} by zero", n));
    const int64_t size = 1 + rig.below(3), wrong = rig.below(64) * 8 + 1 + rig.below((1 << size) - 1);
    for (Opcode op : kMemory) {
      const bool device = op == LdGm || op == StGm;
      const std::string place = fmt::format("{}[{:#x}]", device ? "GM" : "UB", (device ? kArenaBase : 0) + wrong);
      CHECK(what({Rig::fill_ub(4096), make_instr(op, {1, (device ? kArenaBase : 0) + wrong, kZero, size})}) == fmt::format("address is {}, not a multiple of {}", place, 1 << size));
    }
  }
}

}  // namespace
}  // namespace npu
