// SPDX-License-Identifier: Apache-2.0
// Architectural rules: a violation stops the program with an error that names the instruction and carries the values.
#include <doctest/doctest.h>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

struct Case {
  const char* name;
  Instr instr;
  ErrorKind kind;
  const char* what;
};

TEST_CASE("every broken rule is reported with its values") {
  const int64_t out = kArenaBase + Rig::kArena;
  const Case cases[] = {
      {"UB end", make_instr(Vadd, {0, 253952 - 256, 0, 0, 2, 1, 1, 1, 8, 8, 8}), ErrorKind::InvalidProgram, "writes UB[0x3df00, 0x3e100), the buffer has 0x3e000 bytes"},
      {"UB alignment", make_instr(Vadd, {0, 33, 0, 0, 1, 1, 1, 1, 8, 8, 8}), ErrorKind::InvalidProgram, "dst is UB[0x21], not a multiple of 32"},
      {"UB source alignment", make_instr(Vmul, {0, 32, 0, 16, 1, 1, 1, 1, 8, 8, 8}), ErrorKind::InvalidProgram, "src1 is UB[0x10], not a multiple of 32"},
      {"UB single source alignment", make_instr(Vabs, {0, 0, 4004, 1, 1, 1, 8, 8}), ErrorKind::InvalidProgram, "src is UB[0xfa4], not a multiple of 32"},
      {"UB uninitialised", make_instr(Vabs, {0, 0, 4096 - 256, 2, 1, 1, 8, 8}), ErrorKind::UninitializedRead, "read of UB[0xf00, 0x1100): nothing wrote UB[0x1000]"},
      {"UB uninitialised block", make_instr(Vabs, {0, 0, 0, 1, 1, 20, 8, 8}), ErrorKind::UninitializedRead, "read of UB[0x1180, 0x11a0): nothing wrote UB[0x1180]"},
      {"dst read before written", make_instr(Vaxpy, {0, 8192, 0, 1, 1, 1, 8, 8, 0}), ErrorKind::UninitializedRead, "nothing wrote UB[0x2000]"},
      {"type", make_instr(Vexp, {2, 0, 0, 1, 1, 1, 8, 8}), ErrorKind::InvalidProgram, "type is s32, vexp takes f16 f32"},
      {"type of reduction", make_instr(Vcadd, {3, 0, 0, 1, 1, 1, 8}), ErrorKind::InvalidProgram, "type is s16, vcadd takes f16 f32"},
      {"same types", make_instr(Vconv, {0, 0, 0, 0, 1, 1, 1, 8, 8, 0}), ErrorKind::InvalidProgram, "vconv from f16 to itself does not exist"},
      {"compare mode", make_instr(Vcmpv, {0, 0, 0, 0, 1, 6}), ErrorKind::InvalidProgram, "mode is 6, allowed are 0 to 5"},
      {"GM end", make_instr(CopyGmToUbuf, {0, out - 32, 1, 2, 0, 0}), ErrorKind::InvalidProgram, "read of GM[0x80000fffe0, 0x8000100020) is outside"},
      {"GM low", make_instr(CopyUbufToGm, {0, 0, 1, 1, 0, 0}), ErrorKind::InvalidProgram, "write of GM[0x0, 0x20) is outside the arena"},
      {"weights are read-only", make_instr(CopyUbufToGm, {64, 0, 1, 1, 0, 0}), ErrorKind::InvalidProgram, "outside the arena"},
      {"L1 end", make_instr(CopyGmToCbuf, {(1 << 20) - 32, kArenaBase, 1, 2, 0, 0}), ErrorKind::InvalidProgram, "writes L1[0xfffe0, 0x100020), the buffer has 0x100000 bytes"},
      {"L0A alignment", make_instr(LoadCbufToCa, {256, 0, 1, 1, 0, 0}), ErrorKind::InvalidProgram, "dst is L0A[0x100], not a multiple of 512"},
      {"L0A end", make_instr(LoadCbufToCa, {65536 - 512, 0, 2, 1, 0, 0}), ErrorKind::InvalidProgram, "writes L0A[0xfe00, 0x10200), the buffer has 0x10000 bytes"},
      {"L1 uninitialised", make_instr(LoadCbufToCb, {0, 4096 - 512, 2, 1, 0, 0}), ErrorKind::UninitializedRead, "read of L1[0x1000, 0x1200): nothing wrote L1[0x1000]"},
      {"L0A uninitialised", make_instr(Mad, {0, 0, 0, 16, 48, 16, 1}), ErrorKind::UninitializedRead, "read of L0A[0x0, 0x600): nothing wrote L0A[0x400]"},
      {"L0B uninitialised", make_instr(Mad, {0, 0, 0, 16, 16, 48, 1}), ErrorKind::UninitializedRead, "read of L0B[0x0, 0x600): nothing wrote L0B[0x400]"},
      {"L0C uninitialised", make_instr(Mad, {0, 0, 0, 16, 16, 16, 0}), ErrorKind::UninitializedRead, "read of L0C[0x0, 0x400): nothing wrote L0C[0x0]"},
      {"L0C alignment", make_instr(Mad, {512, 0, 0, 16, 16, 16, 1}), ErrorKind::InvalidProgram, "c is L0C[0x200], not a multiple of 1024"},
      {"L0C end", make_instr(Mad, {0, 0, 0, 1024, 16, 512, 1}), ErrorKind::InvalidProgram, "writes L0C[0x0, 0x200000), the buffer has 0x40000 bytes"},
      {"init", make_instr(Mad, {0, 0, 0, 16, 16, 16, 3}), ErrorKind::InvalidProgram, "init is 3, allowed are 0 to 2"},
      {"no bias table", make_instr(Mad, {0, 0, 0, 16, 16, 16, 2}), ErrorKind::InvalidProgram, "reads BT[0x0, 0x40), the buffer has 0x0 bytes"},
      {"copy mode", make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, 2, 0}), ErrorKind::InvalidProgram, "Ascend310 has no bf16"},
      {"no FIX pipe", make_instr(CopyMatrixCcToGm, {kArenaBase, 0, 16, 16, 16, 1, 1, 0, 0}), ErrorKind::InvalidProgram, "Ascend310 has no FIX pipe"},
      {"filter", make_instr(Img2ColV2CbufToCa, {0, 0, 16, 16, 0, 0, 1, 1, 5, 5, 1, 1, 16}), ErrorKind::InvalidProgram, "filter 5x5 (dilation 1x1, stride 1x1) does not fit into the map of 4x4"},
      {"stride", make_instr(Img2ColV2CbufToCa, {0, 0, 16, 16, 0, 0, 0, 1, 3, 3, 1, 1, 16}), ErrorKind::InvalidProgram, "stride 1x0"},
      {"columns", make_instr(Img2ColV2CbufToCa, {0, 0, 32, 16, 128, 0, 1, 1, 3, 3, 1, 1, 16}), ErrorKind::InvalidProgram, "columns 128 to 160 of a matrix that has 144"},
      {"columns of 16", make_instr(Img2ColV2CbufToCa, {0, 0, 8, 16, 0, 0, 1, 1, 3, 3, 1, 1, 16}), ErrorKind::InvalidProgram, "pos_k 0 and step_k 8 must be multiples of 16"},
      {"map uninitialised", make_instr(Img2ColV2CbufToCa, {0, 4096 - 256, 16, 16, 0, 0, 1, 1, 1, 1, 1, 1, 16}), ErrorKind::UninitializedRead, "nothing wrote L1[0x1000]"},
  };
  Rig rig(test::coupled_soc());
  for (const Case& test_case : cases) {
    CAPTURE(test_case.name);
    rig.core.reset();
    const Program program{Rig::fill_ub(4096), Rig::fill_l1(4096), make_instr(LoadCbufToCa, {0, 0, 2, 1, 0, 0}), make_instr(LoadCbufToCb, {0, 0, 2, 1, 0, 0}),
                          make_instr(SetFMatrix, {4, 4, 0, 0, 0, 0}), test_case.instr};
    const Error error = rig.error_of(program);
    CHECK(error.kind == test_case.kind);
    CHECK_MESSAGE(error.what.find(test_case.what) != std::string::npos, error.what);
    CHECK(error.where == "instruction 5: " + disassemble(test_case.instr));
  }
}

TEST_CASE("split cores have no way between L0C and UB") {
  Rig rig(test::split_soc());
  CHECK(rig.error_of({make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, 1, 0})}).what == "Ascend910B3 has no path from L0C to UB");
  CHECK(rig.error_of({Rig::fill_ub(4096), make_instr(BroadcastUbToCc, {0, 0, 1, 1, 0})}).what == "Ascend910B3 has no path from UB to L0C");
}

TEST_CASE("an operand outside its field is refused before anything is touched") {
  Rig rig(test::coupled_soc());
  Instr instr = make_instr(Vabs, {0, 0, 0, 1, 1, 1, 8, 8});
  instr.arg[field::kUnRepeat] = -1;
  CHECK(rig.error_of({Rig::fill_ub(4096), instr}).what == "repeat is -1, allowed are 0 to 255");
  instr.arg[field::kUnRepeat] = 1, instr.arg[field::kUnType] = 11;
  CHECK(rig.error_of({Rig::fill_ub(4096), instr}).what == "type is 11, allowed are 0 to 10");
}

TEST_CASE("masked-off lanes are neither read nor written") {
  Rig rig(test::coupled_soc());
  // Only the first 40 lanes: blocks 0 to 2. The rest of the source was never written and lies outside the buffer.
  const Instr mask = make_instr(SetVectorMask, {0, static_cast<int64_t>((uint64_t{1} << 40) - 1)});
  CHECK(rig.core.execute({Rig::fill_ub(96), mask, make_instr(Vabs, {0, 253952 - 96, 0, 1, 1, 1, 8, 8})}, rig.memory).has_value());
  const Error error = rig.error_of({Rig::fill_ub(96), mask, make_instr(Vabs, {0, 253952 - 64, 0, 1, 1, 1, 8, 8})});
  CHECK(error.what == "writes UB[0x3e000, 0x3e010), the buffer has 0x3e000 bytes");
}

TEST_CASE("reset forgets what the buffers held") {
  Rig rig(test::coupled_soc());
  const Instr read = make_instr(Vabs, {0, 0, 0, 1, 1, 1, 8, 8});
  CHECK(rig.core.execute({Rig::fill_ub(4096), read}, rig.memory).has_value());
  CHECK(rig.core.execute({read}, rig.memory).has_value());
  rig.core.reset();
  CHECK(rig.error_of({read}).kind == ErrorKind::UninitializedRead);
}

TEST_CASE("device memory: weights, arena, holes") {
  std::vector<std::byte> weights(100, std::byte{7});
  DeviceMemory memory(weights, 1000);
  CHECK(memory.read(0, 100).has_value());
  CHECK(!memory.read(0, 101).has_value());
  CHECK(!memory.read(-1, 1).has_value());
  CHECK(!memory.read(0, -1).has_value());
  CHECK(!memory.write(0, 1).has_value());
  CHECK(memory.read(kArenaBase, 1).error().kind == ErrorKind::UninitializedRead);
  REQUIRE(memory.write(kArenaBase + 33, 70).has_value());
  CHECK(memory.read(kArenaBase + 40, 60).has_value());
  const auto hole = memory.read(kArenaBase + 100, 60);
  REQUIRE(!hole.has_value());
  CHECK(hole.error().what == "read of GM[0x8000000064, 0x80000000a0): nothing wrote GM[0x8000000080]");
  CHECK(memory.write(kArenaBase, 1000).has_value());
  CHECK(!memory.write(kArenaBase, 1001).has_value());
  CHECK(!memory.write(kArenaBase + INT64_MAX / 2, 1).has_value());
  CHECK(!memory.read(INT64_MAX, INT64_MAX).has_value());
  CHECK(!memory.read(INT64_MIN, 1).has_value());
  CHECK(!memory.write(INT64_MIN, INT64_MIN).has_value());
  memory.forget_arena();
  CHECK(!memory.read(kArenaBase, 1).has_value());
}

TEST_CASE("random words: decoded programs execute or are refused, and never crash") {
  for (const Soc& soc : {test::coupled_soc(), test::split_soc()}) {
    Rig rig(soc, 29);
    int executed = 0, refused = 0;
    for (int round = 0; round < 30000; ++round) {
      if (round % 500 == 0) rig.core.reset(), static_cast<void>(rig.core.execute({Rig::fill_ub(131072), Rig::fill_l1(262144)}, rig.memory));
      Instr instr{static_cast<Opcode>(rig.below(kOpcodes)), {}};
      const InstrInfo& info = instr_info(instr.op);
      for (int i = 0; i < field_count(info); ++i) {
        const Field& f = info.fields[i];
        uint64_t value = rig.random() & (f.width >= 63 ? ~uint64_t{0} : (uint64_t{1} << f.width) - 1);
        // Mostly small values and aligned addresses, so that many programs run.
        if (f.kind != Field::Address && rig.below(8)) value %= 20;
        if (f.kind == Field::Address && rig.below(8)) value = value % 100000 / 1024 * 1024;
        if (f.kind == Field::Address && f.width == 40 && rig.below(8)) value = static_cast<uint64_t>(kArenaBase) + value % Rig::kArena;
        if (f.kind == Field::Type) value %= kVecTypeNames.size();
        if (f.kind == Field::Mode) value %= kCopyModes.size();
        if (f.kind == Field::PipeId) value %= 8;
        if (f.kind == Field::Register) value %= kRegisters + 1;
        if (f.kind == Field::Signed && f.width < 64) value = 1 + value % 20;  // a jump to itself uses up its whole budget
        instr.arg[static_cast<size_t>(i)] = static_cast<int64_t>(value);
      }
      const auto word = encode(instr);
      REQUIRE(word.has_value());
      const auto decoded = decode(*word);
      REQUIRE(decoded.has_value());
      const Status status = rig.core.execute({*decoded}, rig.memory);
      (status ? executed : refused)++;
    }
    CHECK(executed > 5000);
    CHECK(refused > 1000);
  }
}

}  // namespace
}  // namespace npu
