// SPDX-License-Identifier: Apache-2.0
// Every row of isa.def: 10,000 random legal uses against the naive core, and every limit of every operand.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

constexpr int kCases = 10000;
constexpr int64_t kUb = 16384, kL1 = 32768;
constexpr int64_t kOut = Rig::kArena / 2, kOutBytes = 65536;  // of the arena: results; UB and L1 are dumped behind them
constexpr int64_t kOffsets = Rig::kArena - 65536;             // legal offsets for gathers

// Rows whose random cases are elsewhere, as many of each (the tests count them), and where.
struct Elsewhere {
  const char* file;
  std::set<Opcode> rows;
};
const Elsewhere kElsewhere[] = {
    {"cube_types_test.cpp: L0 and L0C, seen through products",
     {SetFMatrix, SetPadding, LoadCbufToCa, LoadCbufToCb, Img2ColV2CbufToCa, Mad, CopyMatrixCcToUbuf, BroadcastUbToCc, CopyCbufToBt, CopyMatrixCcToGm, SetQuantPre, CopyCbufToFbuf,
      CopyMatrixCcToCbuf}},
    {"check/stream_test.cpp: they order, and compute nothing", {SetFlag, WaitFlag, PipeBarrier}},
    {"scalar_rows_test.cpp; the mask's modes: here",
     {Loop, Jump, MovXdImm, MovXdSpr, Add, Sub, Mul, Div, Rem, Min, Max, And, Or, Xor, Shl, Shr, Sar, Cmp, LdGm, LdUb, StGm, StUb, JumpIf, Call, Ret, AddXnToOperand, SetMaskCount, SetMaskNorm}},
    {"here, with the rows that obey them", {SetVectorMask, SetAtomicAdd, SetAtomicMax, SetAtomicMin, SetAtomicNone, LoadGmToCa, LoadGmToCb, Img2ColCbufToCa, Img2ColCbufToCb, Img2ColV2CbufToCb}},
    {"image_test.cpp", {LoadImageToCbuf, SetAippSpr}},
    {"cross_core_test.cpp", {FftsCrossCoreSync, WaitFlagDev}},
};
bool elsewhere(Opcode op) {
  return std::ranges::any_of(kElsewhere, [op](const Elsewhere& place) { return place.rows.contains(op); });
}

// Rows that read, lane by lane, what they may have written, and gathers, whose offsets must stay legal: operands apart.
const std::set<Opcode> kApart{Vcmpv, Vsel, Vbrcb, Vgather, Vgatherb};

struct Field0 {
  const InstrInfo& info;
  int find(std::string_view name) const {
    for (int i = 0; i < field_count(info); ++i)
      if (info.fields[i].name == name) return i;
    return -1;
  }
};

Soc small(const char* name) {
  Soc soc = *find_soc(name).value();
  soc.ub = kUb, soc.l1 = kL1;
  return soc;
}

// A Vconv pair as the row's doc lists them.
bool converts(VecType to, VecType from, bool c220) {
  const auto one_of = [](VecType t, std::initializer_list<VecType> list) { return std::ranges::find(list, t) != list.end(); };
  const std::initializer_list<VecType> newer{VecType::BF16, VecType::S64, VecType::S4}, wide{VecType::F32, VecType::S32};
  if ((one_of(to, newer) || one_of(from, newer)) && !c220) return false;
  if (to == from) return to == VecType::F32;
  if (to == VecType::BF16) return from == VecType::F32;
  if (from == VecType::BF16) return one_of(to, wide);
  if (to == VecType::S64) return one_of(from, wide);
  if (from == VecType::S64) return one_of(to, wide);
  if (to == VecType::S4 || from == VecType::S4) return to == VecType::F16 || from == VecType::F16;
  return true;
}

class Generator {
 public:
  Generator(Rig& rig, Opcode op) : rig_(rig), op_(op), info_(instr_info(op)) {}

  Instr next() {
    for (;;) {
      Instr instr = random();
      if (fits(instr)) return instr;
    }
  }

 private:
  Instr random() {
    Instr instr{op_, {}};
    for (int i = 0; i < field_count(info_); ++i) instr.arg[static_cast<size_t>(i)] = value(info_.fields[i]);
    const Field0 fields{info_};
    const auto type = fields.find("type") == 0 ? static_cast<VecType>(instr.arg[0]) : VecType::F16;
    if (op_ == Vshl || op_ == Vshr) instr.arg[field::kShDistance] = rig_.below(vec_type_size(type) * 8 + 1);
    if (op_ == Vshr && (type == VecType::U16 || type == VecType::U32)) instr.arg[field::kShRound] = 0;
    if (const int scalar = fields.find("scalar"); scalar >= 0)
      instr.arg[static_cast<size_t>(scalar)] = type == VecType::F16 || type == VecType::F32 ? rig_.float_bits(-3, 3) : std::bit_cast<uint32_t>(static_cast<float>(rig_.below(120)));
    if (op_ == Vgather || op_ == Vgatherb) instr.arg[static_cast<size_t>(fields.find("length"))] = 1024;
    if (kApart.contains(op_)) {
      const auto dst = static_cast<size_t>(fields.find("dst"));
      instr.arg[dst] = kUb / 2 + instr.arg[dst] % (kUb / 4);
      for (const char* name : {"src", "src0", "src1", "mask"})
        if (const int i = fields.find(name); i >= 0) instr.arg[static_cast<size_t>(i)] %= kUb / 4;
    }
    return instr;
  }

  int64_t value(const Field& field) {
    const auto narrow = [&](int64_t most) { return field.least() + rig_.below(std::min(most, field.most() - field.least()) + 1); };
    if (field.kind == Field::Address) {
      const Buffer buffer = field.buffer.value_or(field.name == "dst" ? info_.dst : info_.src);
      const auto align = static_cast<int64_t>(buffer == Buffer::GM ? field.align : std::max<uint32_t>(field.align, 32));
      if (buffer == Buffer::GM) return kArenaBase + (field.name == "dst" ? kOut + rig_.below(kOutBytes / 4) : 8192 + rig_.below(40000)) / align * align;
      return rig_.below((buffer == Buffer::UB ? kUb : kL1) / 2) / align * align;
    }
    if (field.kind == Field::Type) {
      for (;;)
        if (const int64_t type = rig_.below(static_cast<int64_t>(kVecTypeNames.size())); field.allowed >> type & 1) return type;
    }
    if (field.kind == Field::FloatBits) return 0;
    if (field.name == "repeat") return rig_.below(5);
    if (field.name == "len_burst") return rig_.below(info_.fields[6].name == "right_pad" || field.width == 21 ? 100 : 5);
    if (field.name == "count") return rig_.below(3) ? 0 : rig_.below(140);
    if (field.name == "scale") return rig_.below(65536);
    if (field.name == "high" || field.name == "low") return static_cast<int64_t>(rig_.random());
    if (field.width >= 12 && field.name.find("len") != std::string_view::npos) return rig_.below(40);
    return narrow(rig_.below(4) ? 9 : 20);
  }

  // Legal, and everything it touches lies in the buffers.
  bool fits(const Instr& instr) {
    if (!operand_fault(instr).empty()) return false;
    if (op_ == Vconv && !converts(static_cast<VecType>(instr.arg[0]), static_cast<VecType>(instr.arg[1]), rig_.soc.arch == Arch::C220)) return false;
    const Field0 fields{info_};
    if (op_ == Vgather && instr.arg[field::kGaTable] % 4 != 0) return false;
    if (op_ == CopyGmToCbufNd2Nz && instr.arg[field::kNdDstStride] * vec_type_size(static_cast<VecType>(instr.arg[field::kNdType])) % 32 != 0) return false;
    if ((op_ == Vcpadd || op_ == Vcgmin || info_.fields[0].name == "type") && fields.find("dst") == 1 && instr.arg[1] % 4 != 0) return false;
    IssueState all;
    const AccessList list = accesses(instr, all);
    for (const Access& access : list.view()) {
      if (access.begin < 0) return false;
      if (access.buffer == Buffer::UB && access.end > kUb) return false;
      if (access.buffer == Buffer::L1 && access.end > kL1) return false;
      if (access.buffer == Buffer::GM && (access.begin < kArenaBase || access.end > kArenaBase + kOut + kOutBytes)) return false;
    }
    return true;
  }

  Rig& rig_;
  Opcode op_;
  const InstrInfo& info_;
};

Instr random_mask(Rig& rig) {
  const int64_t count = rig.below(129);
  const auto bits = [](int64_t n) { return n >= 64 ? int64_t{-1} : n <= 0 ? int64_t{0} : static_cast<int64_t>((uint64_t{1} << n) - 1); };
  switch (rig.below(4)) {
    case 0: return make_instr(SetVectorMask, {static_cast<int64_t>(rig.random()), static_cast<int64_t>(rig.random())});
    case 1: return make_instr(SetVectorMask, {bits(count - 64), bits(count)});
    default: return make_instr(SetVectorMask, {-1, -1});
  }
}

void prepare(Rig& rig, bool tame) {
  if (tame) rig.tame_halves();
  const auto arena = rig.memory.write(kArenaBase + kOffsets, 4096);
  for (int64_t i = 0; i < 1024; ++i) {
    const auto offset = static_cast<uint32_t>(rig.below(32) * 32);
    std::memcpy(rig.naive.arena.data() + kOffsets + i * 4, &offset, 4);
    std::memcpy(arena->data() + i * 4, &offset, 4);
  }
}

// Programs of many instructions of one row; UB and L1 are compared after each, memory too.
void run_cases(Rig& rig, Opcode op, int cases) {
  const InstrInfo& info = instr_info(op);
  Generator generator(rig, op);
  const bool gathers = op == Vgather || op == Vgatherb;
  const bool atomics = info.dst == Buffer::GM && op != CopyUbufToGmAlign;
  constexpr int kBatch = 50;
  for (int done = 0; done < cases; done += kBatch) {
    if (done % (kBatch * 20) == 0) prepare(rig, rig.below(3) != 0);
    Program program{make_instr(SetVectorMask, {-1, -1}), make_instr(CopyGmToUbuf, {0, kArenaBase + rig.below(8) * 4096, 1, kUb / 32, 0, 0}),
                    make_instr(CopyGmToCbuf, {0, kArenaBase + rig.below(8) * 4096, 1, kL1 / 32, 0, 0})};
    for (int i = 0; i < kBatch; ++i) {
      if (info.pipe == Pipe::V && i % 4 == 0) program.push_back(random_mask(rig));
      const Instr instr = generator.next();
      if (gathers) program.push_back(make_instr(CopyGmToUbuf, {instr.arg[op == Vgather ? static_cast<size_t>(field::kGaSrc) : static_cast<size_t>(field::kGbSrc)], kArenaBase + kOffsets, 1, 64, 0, 0}));
      if (atomics) {
        const Opcode kinds[] = {SetAtomicAdd, SetAtomicNone, SetAtomicMax, SetAtomicMin};
        const Opcode kind = kinds[rig.below(rig.soc.arch == Arch::C220 ? 4 : 2)];
        const VecType element[] = {VecType::F32, VecType::F16, VecType::S16, VecType::S32, VecType::S8, VecType::BF16};
        program.push_back(kind == SetAtomicNone ? make_instr(kind, {}) : make_instr(kind, {static_cast<int64_t>(element[rig.below(6)])}));
      }
      program.push_back(instr);
    }
    program.push_back(make_instr(SetAtomicNone, {}));
    program.push_back(make_instr(CopyUbufToGm, {kArenaBase + kOut + kOutBytes, 0, 1, kUb / 32, 0, 0}));
    if (rig.soc.arch == Arch::C220) program.push_back(make_instr(CopyCbufToGm, {kArenaBase + kOut + kOutBytes + kUb, 0, 1, kL1 / 32, 0, 0}));

    const Status status = rig.core.execute(program, rig.memory);
    const std::string message = status ? "" : status.error().message();
    REQUIRE(message == "");
    for (const Instr& instr : program) rig.naive.run(instr), ++rig.cases[static_cast<size_t>(instr.op)];
    const int64_t compared = kOutBytes + kUb + kL1;
    const auto actual = rig.memory.read(kArenaBase + kOut, compared);
    REQUIRE(actual.has_value());
    if (std::memcmp(actual->data(), rig.naive.arena.data() + kOut, static_cast<size_t>(compared)) == 0) continue;
    int64_t first = 0;
    while (std::to_integer<uint8_t>((*actual)[static_cast<size_t>(first)]) == rig.naive.arena[static_cast<size_t>(kOut + first)]) ++first;
    std::string text;
    for (const Instr& instr : program) text += disassemble(instr) + "\n";
    CAPTURE(text);
    CAPTURE(first - kOutBytes);
    uint32_t is, expected;
    std::memcpy(&is, actual->data() + first / 4 * 4, 4), std::memcpy(&expected, rig.naive.arena.data() + kOut + first / 4 * 4, 4);
    REQUIRE(is == expected);
  }
}

// Opcodes [first, last).
void run_rows(int first, int last) {
  Rig coupled(small("Ascend310"), 101), older(small("Ascend310P3"), 102), split(small("Ascend910B3"), 103);
  for (int i = first; i < last; ++i) {
    const auto op = static_cast<Opcode>(i);
    const InstrInfo& info = instr_info(op);
    CAPTURE(info.name);
    if (elsewhere(op)) continue;
    // Chips that have it: one that saturates and one with infinities where both do.
    std::vector<Rig*> rigs;
    for (Rig* rig : {&split, &coupled, &older})
      if (info.archs & static_cast<ArchSet>(rig->soc.arch) && rigs.size() < 2) rigs.push_back(rig);
    REQUIRE(!rigs.empty());
    for (Rig* rig : rigs) run_cases(*rig, op, kCases / static_cast<int>(rigs.size()));
    for (Rig* rig : rigs) rig->require_cases(kCases / static_cast<int>(rigs.size()), {op});
  }
}

// Together these are all rows: one without a generator that works fails here.
TEST_CASE("random legal operands against the naive core: isa.def") { run_rows(0, static_cast<int>(CopyCbufToUbuf)); }
TEST_CASE("random legal operands against the naive core: isa_move.def") { run_rows(static_cast<int>(CopyCbufToUbuf), static_cast<int>(Vand)); }
TEST_CASE("random legal operands against the naive core: isa_vector.def") { run_rows(static_cast<int>(Vand), kOpcodes); }

TEST_CASE("set_atomic_*, set_vector_mask: with random copies and lanes that obey them") {
  Rig split(small("Ascend910B3"), 109);
  const auto least = [&] { return std::min({split.cases[static_cast<size_t>(SetAtomicAdd)], split.cases[static_cast<size_t>(SetAtomicMax)], split.cases[static_cast<size_t>(SetAtomicMin)]}); };
  while (least() < kCases) run_cases(split, CopyUbufToGm, kCases / 10);
  run_cases(split, Vadd, 4 * kCases);
  split.require_cases(kCases, {SetAtomicAdd, SetAtomicMax, SetAtomicMin, SetAtomicNone, SetVectorMask});
}

TEST_CASE("fractals from GM into L0 and through the cube") {
  Rig rig(small("Ascend310"), 104);
  rig.tame_halves();
  for (int round = 0; round < kCases / 2; ++round) {
    Program program;
    for (int i = 0; i < 2; ++i) {
      const int64_t decrement = rig.below(2), stride = rig.below(4);
      for (Opcode op : {LoadGmToCa, LoadGmToCb})
        program.push_back(make_instr(op, {rig.below(4) * 512, kArenaBase + 8192 + rig.below(2000) * 2, 1 + rig.below(2), stride, rig.below(2), decrement, rig.below(2), 0}));
    }
    Program start{make_instr(LoadGmToCa, {0, kArenaBase, 8, 1, 0, 0, 0, 0}), make_instr(LoadGmToCb, {0, kArenaBase, 8, 1, 0, 0, 0, 0})};
    start.insert(start.end(), program.begin(), program.end());
    const int64_t a = rig.below(5) * 512, b = rig.below(5) * 512;
    start.push_back(make_instr(Mad, {0, a, b, 16, 16, 16, 1}));
    start.push_back(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, 0, 0}));
    start.push_back(make_instr(CopyUbufToGm, {kArenaBase + kOut, 0, 1, 32, 0, 0}));
    REQUIRE(rig.core.execute(start, rig.memory).has_value());
    for (const Instr& instr : start) rig.naive.run(instr);
    REQUIRE(std::memcmp(rig.memory.read(kArenaBase + kOut, 1024)->data(), rig.naive.arena.data() + kOut, 1024) == 0);
  }
}

// One fractal of each of L0A and L0B multiplied with a known other one and dumped.
void check_fractals(Rig& rig, Program program, int64_t a, int64_t b) {
  program.push_back(make_instr(Mad, {0, a, b, 16, 16, 16, 1}));
  if (rig.soc.split) program.push_back(make_instr(CopyMatrixCcToGm, {kArenaBase + kOut, 0, 16, 16, 64, 1, 0, 0, 1, 0}));
  else {
    program.push_back(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, 0, 0}));
    program.push_back(make_instr(CopyUbufToGm, {kArenaBase + kOut, 0, 1, 32, 0, 0}));
  }
  const Status status = rig.core.execute(program, rig.memory);
  const std::string message = status ? "" : status.error().message();
  std::string text;
  for (const Instr& instr : program) text += disassemble(instr) + "\n";
  CAPTURE(text);
  REQUIRE(message == "");
  for (const Instr& instr : program) rig.naive.run(instr);
  REQUIRE(std::memcmp(rig.memory.read(kArenaBase + kOut, 1024)->data(), rig.naive.arena.data() + kOut, 1024) == 0);
}

TEST_CASE("img2col of version 1, small channels, and into L0B") {
  Rig older(small("Ascend310"), 107), split(small("Ascend910B3"), 108);
  for (Rig* rig : {&older, &split}) {
    rig->tame_halves();
    Program known{make_instr(CopyGmToCbuf, {0, kArenaBase, 1, kL1 / 32, 0, 0}), make_instr(LoadCbufToCa, {0, 8192, 16, 1, 0, 0}), make_instr(LoadCbufToCb, {0, 16384, 16, 1, 0, 0})};
    REQUIRE(rig->core.execute(known, rig->memory).has_value());
    for (const Instr& instr : known) rig->naive.run(instr);
  }
  for (int round = 0; round < kCases;) {
    const int64_t h = 1 + older.below(9), w = 1 + older.below(9), fh = 1 + older.below(3), fw = 1 + older.below(3), dh = 1 + older.below(2), dw = 1 + older.below(2);
    int64_t pads[4];
    for (int64_t& p : pads) p = older.below(4);
    if (h + pads[2] + pads[3] < (fh - 1) * dh + 1 || w + pads[0] + pads[1] < (fw - 1) * dw + 1) continue;
    ++round;
    const Program map{make_instr(SetFMatrix, {h, w, pads[0], pads[1], pads[2], pads[3]}), make_instr(SetPadding, {0x3c00})};
    const int64_t repeat = 1 + older.below(3), jump = 1 + older.below(3), mode = older.below(4), c1 = mode & 2 ? 0 : older.below(2);
    for (Opcode op : {Img2ColCbufToCa, Img2ColCbufToCb}) {
      Program program = map;
      program.push_back(make_instr(op, {older.below(3) * 512, older.below(8) * 32, older.below(fw), older.below(fh), older.below(w + pads[0]) - pads[0], older.below(h + pads[2]) - pads[2], c1,
                                        1 + older.below(3), 1 + older.below(3), fw, fh, dw, dh, jump, mode, repeat}));
      check_fractals(older, program, older.below(8) * 512, older.below(8) * 512);
    }
    Program program = map;
    const bool small = older.below(2) == 1;
    const int64_t all_k1 = small ? (fw * fh + 3) / 4 : 3 * fw * fh, pos_k1 = older.below(all_k1), step_k1 = 1 + older.below(std::min<int64_t>(2, all_k1 - pos_k1));
    program.push_back(make_instr(Img2ColV2CbufToCb, {older.below(3) * 512, older.below(8) * 32, 16 * step_k1, 1 + older.below(40), 16 * pos_k1, older.below(20),
                                                     1 + older.below(3), 1 + older.below(3), fw, fh, dw, dh, small ? 4 : 48, 0}));
    check_fractals(split, program, older.below(8) * 512, older.below(8) * 512);
  }
  const auto what = [&](const Instr& instr) { return older.error_of({make_instr(SetFMatrix, {4, 4, 0, 0, 0, 0}), instr}).what; };
  CHECK(what(make_instr(Img2ColCbufToCa, {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1})) == "c1 is 1, small channels have one plane");
  CHECK(what(make_instr(Img2ColCbufToCa, {0, 0, 3, 1, 0, 0, 0, 1, 1, 3, 3, 1, 1, 1, 0, 1})) == "tap 1x3 of a filter of 3x3");
  CHECK(what(make_instr(Img2ColCbufToCa, {0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 3, 1, 1, 1, 0, 1})) == "a window of 3x5 does not fit into the map of 4x4 with its padding");
}

TEST_CASE("every limit of every operand: one more or less halts and names the value") {
  int limits = 0;
  for (int i = 0; i < kOpcodes; ++i) {
    const auto op = static_cast<Opcode>(i);
    const InstrInfo& info = instr_info(op);
    const char* const names[] = {"Ascend310", "Ascend910A", "Ascend310P3", "Ascend310B1", "Ascend910B3"};
    Rig rig(*find_soc(names[std::countr_zero(info.archs)]).value());
    Instr legal{op, {}};
    for (int f = 0; f < field_count(info); ++f) {
      const Field& field = info.fields[f];
      int64_t& value = legal.arg[static_cast<size_t>(f)];
      value = field.least() > 0 || field.kind == Field::Signed ? std::max<int64_t>(field.least(), 0) : 0;
      if (field.kind == Field::Type)
        while (!(field.allowed >> value & 1)) ++value;
    }
    REQUIRE(operand_fault(legal) == "");
    for (int f = 0; f < field_count(info); ++f) {
      const Field& field = info.fields[f];
      const auto halts = [&](int64_t value, const std::string& what) {
        Instr instr = legal;
        instr.arg[static_cast<size_t>(f)] = value;
        const Error error = rig.error_of({instr});
        CAPTURE(info.name);
        CHECK(error.kind == ErrorKind::InvalidProgram);
        CHECK_MESSAGE(error.what == what, error.what);
        ++limits;
      };
      const auto range = [&](int64_t value) { return fmt::format("{} is {}, allowed are {} to {}", field.name, value, field.least(), field.most()); };
      if (field.width < 64 || field.high >= field.low) {
        halts(field.most() + 1, range(field.most() + 1));
        if (field.least() > INT64_MIN) halts(field.least() - 1, range(field.least() - 1));
      }
      if (field.align > 1) {
        const Buffer buffer = field.buffer.value_or(field.name == "dst" ? info.dst : info.src);
        halts(field.align + 1, field.kind == Field::Address ? fmt::format("{} is {}[{:#x}], not a multiple of {}", field.name, kBufferNames[static_cast<size_t>(buffer)], field.align + 1, field.align)
                                                            : fmt::format("{} is {}, not a multiple of {}", field.name, field.align + 1, field.align));
      }
      if (field.kind != Field::Type || field.allowed == ~TypeSet{0}) continue;
      std::string allowed;
      for (size_t t = 0; t < kVecTypeNames.size(); ++t)
        if (field.allowed >> t & 1) allowed += (allowed.empty() ? "" : " ") + std::string(kVecTypeNames[t]);
      for (size_t t = 0; t < kVecTypeNames.size(); ++t)
        if (!(field.allowed >> t & 1)) halts(static_cast<int64_t>(t), fmt::format("{} is {}, {} takes {}", field.name, kVecTypeNames[t], info.name, allowed));
    }
  }
  CHECK(limits > 700);
}

TEST_CASE("a row halts on chips that do not have it") {
  int halted = 0;
  for (int i = 0; i < kOpcodes; ++i) {
    const InstrInfo& info = instr_info(static_cast<Opcode>(i));
    for (const Soc& soc : all_socs()) {
      if (info.archs & static_cast<ArchSet>(soc.arch)) continue;
      Instr instr{static_cast<Opcode>(i), {}};
      for (int f = 0; f < field_count(info); ++f) instr.arg[static_cast<size_t>(f)] = info.fields[f].least();
      Rig rig(soc);
      const Error error = rig.error_of({instr});
      CHECK_MESSAGE(error.what.starts_with(fmt::format("{} has no {}: that is on ", soc.name, info.name)), error.what);
      ++halted;
    }
  }
  CHECK(halted > 50);
}

TEST_CASE("limits that depend on another operand") {
  Rig rig(small("Ascend910B3"));
  const auto what = [&](const Instr& instr) {
    rig.core.reset();
    return rig.error_of({Rig::fill_ub(4096), instr}).what;
  };
  CHECK(what(make_instr(Vshl, {6, 0, 0, 1, 1, 1, 8, 8, 17})) == "distance is 17, allowed are 0 to 16 for u16");
  CHECK(what(make_instr(Vshr, {7, 0, 0, 1, 1, 1, 8, 8, 3, 1})) == "round is 1, allowed is 0 for u32");
  CHECK(what(make_instr(Vconv, {8, 0, 0, 0, 1, 1, 1, 8, 8, 0})) == "vconv from f16 to bf16 does not exist");
  CHECK(what(make_instr(Vconv, {0, 0, 0, 0, 1, 1, 1, 8, 8, 0})) == "vconv from f16 to itself does not exist");
  CHECK(what(make_instr(CopyGmToCbufNd2Nz, {0, kArenaBase, 1, 1, 1, 1, 0, 1, 0, 3})) == "dst_nd_stride is 3 elements, not a multiple of 32 bytes");
  Rig older(small("Ascend310"));
  CHECK(older.error_of({Rig::fill_ub(4096), make_instr(Vconv, {8, 1, 0, 0, 1, 1, 1, 8, 8, 0})}).what == "Ascend310 has no bf16: that is on c220 (910B)");
  const uint32_t offsets[] = {64, 2, 1022};
  std::memcpy(rig.memory.write(kArenaBase, 12)->data(), offsets, 12);
  const Instr one = make_instr(SetVectorMask, {0, 1});
  const auto gathered = [&](const Instr& mask, const Instr& instr) {
    rig.core.reset();
    return rig.error_of({Rig::fill_ub(4096), mask, instr}).what;
  };
  CHECK(gathered(make_instr(SetVectorMask, {0, 4}), make_instr(Vgather, {1, 4096, 0, 0, 1024, 1, 8})) == "offset 2 is 1022, not a multiple of 4");
  CHECK(gathered(make_instr(SetVectorMask, {0, 4}), make_instr(Vgather, {0, 4096, 0, 0, 1000, 1, 8})) == "offset 2 is 1022, the table has 1000 bytes");
  CHECK(gathered(one, make_instr(Vgatherb, {4096, 0, 0, 1024, 1, 1, 8})) == "offset 1 is 2, not a multiple of 32");
}

TEST_CASE("counter mode: the same lanes as whole repeats and a rest") {
  Rig rig(small("Ascend910B3"), 105);
  for (int round = 0; round < kCases; ++round) {
    const int64_t elements = rig.below(600), type = rig.below(2), lanes = type == 0 ? 128 : 64;
    const Instr add = make_instr(Vadd, {type, rig.below(8) * 32, 4096 + rig.below(8) * 32, 8192, rig.below(256), 1, 1, 1, 8, 8, rig.below(9)});
    const auto bits = [](int64_t n) { return n >= 64 ? int64_t{-1} : n <= 0 ? int64_t{0} : static_cast<int64_t>((uint64_t{1} << n) - 1); };
    Program counted{make_instr(CopyGmToUbuf, {0, kArenaBase, 1, kUb / 32, 0, 0}), make_instr(SetMaskCount, {}), make_instr(SetVectorMask, {0, elements}), add, make_instr(SetMaskNorm, {}),
                    make_instr(CopyUbufToGm, {kArenaBase + kOut, 0, 1, kUb / 32, 0, 0})};
    REQUIRE(rig.core.execute(counted, rig.memory).has_value());
    for (const Instr& instr : {counted[0]}) rig.naive.run(instr);
    for (int64_t r = 0; r * lanes < elements; ++r) {
      Instr part = add;
      part.arg[field::kBiRepeat] = 1;
      part.arg[1] += r * 256, part.arg[2] += r * 256, part.arg[3] += r * 32 * add.arg[field::kBiSrc1Rep];
      rig.naive.run(make_instr(SetVectorMask, {bits(elements - r * lanes - 64), bits(elements - r * lanes)}));
      rig.naive.run(part);
    }
    rig.naive.run(counted.back());
    REQUIRE(std::memcmp(rig.memory.read(kArenaBase + kOut, kUb)->data(), rig.naive.arena.data() + kOut, kUb) == 0);
  }
  rig.core.reset();
  const Error error = rig.error_of({Rig::fill_ub(4096), make_instr(SetMaskCount, {}), make_instr(SetVectorMask, {0, 100}), make_instr(Vcadd, {0, 0, 0, 1, 1, 1, 8})});
  CHECK(error.what == "vcadd does not take the counter mode of the mask");
}

TEST_CASE("special registers tell what the last instructions did") {
  Rig rig(small("Ascend910B3"), 106);
  const Program program{Rig::fill_ub(16384),
                        make_instr(Vreducev2, {0, 8192, 0, 0, 3, 2, 1, 8, 0, 10}),
                        make_instr(MovXdSpr, {1, static_cast<int64_t>(Special::RsvdCount)}),
                        make_instr(StGm, {1, kArenaBase + kOut, kNoRegister, 3}),
                        make_instr(Vmrgsort4, {1, 8192, 0, 256, 0, 0, 5, 7, 0, 0, 2, 0}),
                        make_instr(MovXdSpr, {1, static_cast<int64_t>(Special::MrgSortState)}),
                        make_instr(StGm, {1, kArenaBase + kOut + 8, kNoRegister, 3})};
  REQUIRE(rig.core.execute(program, rig.memory).has_value());
  uint64_t values[2];
  std::memcpy(values, rig.memory.read(kArenaBase + kOut, 16)->data(), 16);
  CHECK(values[0] == 6);  // lanes 0, 4 and 8 of ten, twice
  CHECK(values[1] == (5 | 7 << 16));
}

}  // namespace
}  // namespace npu
