// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "core/isa/program.h"

namespace npu {
namespace {

// A value the field accepts; limits of the range come up often.
int64_t random_value(const Field& field, std::mt19937_64& random) {
  const uint64_t all = field.width >= 64 ? ~uint64_t{0} : (uint64_t{1} << field.width) - 1;
  uint64_t value = random() & all;
  if (random() % 4 == 0) value = all;
  if (random() % 4 == 0) value = 0;
  if (field.kind == Field::Type) value %= kVecTypeNames.size();
  if (field.kind == Field::Mode) value %= kCopyModes.size();
  if (field.kind == Field::PipeId) value %= 8;
  if (field.kind == Field::Register) value %= kRegisters + 1;
  if (field.kind == Field::Signed && field.width < 64) return static_cast<int64_t>(value << (64 - field.width)) >> (64 - field.width);
  return static_cast<int64_t>(value);
}

TEST_CASE("every row survives encoding and decoding with random fields") {
  std::mt19937_64 random(1);
  for (int op = 0; op < kOpcodes; ++op) {
    const InstrInfo& info = instr_info(static_cast<Opcode>(op));
    CAPTURE(info.name);
    for (int round = 0; round < 200; ++round) {
      Instr instr{static_cast<Opcode>(op), {}};
      for (int i = 0; i < field_count(info); ++i) instr.arg[static_cast<size_t>(i)] = random_value(info.fields[i], random);
      const auto word = encode(instr);
      REQUIRE(word.has_value());
      CHECK(std::to_integer<int>((*word)[0]) == op);
      const auto back = decode(*word);
      REQUIRE(back.has_value());
      CHECK(*back == instr);
    }
  }
}

TEST_CASE("fields are packed in the order listed") {
  const auto word = encode(make_instr(Opcode::SetFMatrix, {0x1234, 0x5678, 1, 2, 3, 4}));
  REQUIRE(word.has_value());
  const uint8_t expected[] = {static_cast<uint8_t>(Opcode::SetFMatrix), 0x34, 0x12, 0x78, 0x56, 1, 2, 3, 4, 0};
  for (size_t i = 0; i < std::size(expected); ++i) CHECK(std::to_integer<int>((*word)[i]) == expected[i]);
}

TEST_CASE("an operand that does not fit is refused with its value and range") {
  const auto too_large = encode(make_instr(Opcode::Mad, {0, 0, 0, 4096, 16, 16, 1}));
  REQUIRE(!too_large.has_value());
  CHECK(too_large.error().kind == ErrorKind::InvalidProgram);
  CHECK(too_large.error().message() == "InvalidProgram: mad: m is 4096, allowed are 0 to 4095");
  CHECK(!encode(make_instr(Opcode::Mad, {-512, 0, 0, 16, 16, 16, 1})).has_value());
  CHECK(!encode(make_instr(Opcode::SetFlag, {8, 0, 0})).has_value());
  CHECK(!encode(make_instr(Opcode::Vbrcb, {11, 0, 0, 1})).has_value());
}

TEST_CASE("bad words are refused") {
  InstrWord word{};
  word[0] = std::byte{kOpcodes};
  const auto unknown = decode(word);
  REQUIRE(!unknown.has_value());
  CHECK(unknown.error().what.find(std::to_string(kOpcodes)) != std::string::npos);

  word = *encode(make_instr(Opcode::SetPadding, {7}));
  word[31] = std::byte{0x80};
  const auto unused = decode(word);
  REQUIRE(!unused.has_value());
  CHECK(unused.error().message() == "InvalidProgram: set_padding: bits above its 24 are set");
}

TEST_CASE("programs: every truncation is refused, whole words decode") {
  const Program program{make_instr(Opcode::SetFlag, {4, 1, 0}), make_instr(Opcode::WaitFlag, {4, 1, 0})};
  const auto bytes = encode(program);
  REQUIRE(bytes.has_value());
  CHECK(*decode_program(*bytes) == program);
  for (size_t size = 0; size <= bytes->size(); ++size)
    CHECK(decode_program(Bytes(*bytes).first(size)).has_value() == (size % kInstrBytes == 0));

  Program bad = program;
  bad.push_back(make_instr(Opcode::Vbrcb, {11, 0, 0, 1}));
  const auto refused = encode(bad);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().where == "instruction 2: vbrcb");
}

TEST_CASE("random words never crash the decoder and decode to what encodes back") {
  std::mt19937_64 random(2);
  int decoded = 0;
  for (int round = 0; round < 20000; ++round) {
    InstrWord word;
    for (auto& byte : word) byte = static_cast<std::byte>(random());
    word[0] = static_cast<std::byte>(random() % (kOpcodes + 2));
    if (round % 2 == 0) std::fill(word.begin() + 16, word.end(), std::byte{});
    const auto instr = decode(word);
    if (!instr) continue;
    ++decoded;
    CHECK(*encode(*instr) == word);
  }
  CHECK(decoded > 100);
}

TEST_CASE("disassembly") {
  const auto half = static_cast<int64_t>(std::bit_cast<uint32_t>(0.5f));
  CHECK(disassemble(make_instr(Opcode::Vadd, {0, 0x100, 0, 0x40, 2, 1, 1, 0, 8, 8, 0})) ==
        "vadd f16 dst=UB[0x100] src0=UB[0x0] src1=UB[0x40] repeat=2 dst_blk=1 src0_blk=1 src1_blk=0 dst_rep=8 src0_rep=8 src1_rep=0");
  CHECK(disassemble(make_instr(Opcode::Vmuls, {1, 0, 32, 1, 1, 1, 8, 8, half})) ==
        "vmuls f32 dst=UB[0x0] src=UB[0x20] repeat=1 dst_blk=1 src_blk=1 dst_rep=8 src_rep=8 scalar=0.5");
  CHECK(disassemble(make_instr(Opcode::Mad, {1024, 512, 2048, 16, 32, 48, 1})) ==
        "mad c=L0C[0x400] a=L0A[0x200] b=L0B[0x800] m=16 k=32 n=48 init=1 a_type=f16 b_type=f16 hf32=0");
  CHECK(disassemble(make_instr(Opcode::WaitFlag, {4, 1, 3})) == "wait_flag src_pipe=MTE2 dst_pipe=V event=3");
  CHECK(disassemble(make_instr(Opcode::PipeBarrier, {kPipeAll})) == "pipe_barrier src_pipe=ALL");
  CHECK(disassemble(make_instr(Opcode::SetVectorMask, {0, -1})) == "set_vector_mask high=0x0 low=0xffffffffffffffff");
  CHECK(disassemble(make_instr(Opcode::CopyUbufToGm, {int64_t{1} << 39, 64, 1, 2, 3, 4})) ==
        "copy_ubuf_to_gm dst=GM[0x8000000000] src=UB[0x40] n_burst=1 len_burst=2 src_gap=3 dst_gap=4");
  CHECK(disassemble(make_instr(Opcode::Vconv, {0, 1, 0, 0, 1, 1, 1, 4, 8, 0})) ==
        "vconv dst_type=f16 src_type=f32 dst=UB[0x0] src=UB[0x0] repeat=1 dst_blk=1 src_blk=1 dst_rep=4 src_rep=8 round=0");
}

TEST_CASE("pipes: flags wait in the queue their operand names") {
  CHECK(pipe_of(make_instr(Opcode::SetFlag, {4, 1, 0})) == Pipe::MTE2);
  CHECK(pipe_of(make_instr(Opcode::WaitFlag, {4, 1, 0})) == Pipe::V);
  CHECK(pipe_of(make_instr(Opcode::PipeBarrier, {2})) == Pipe::M);
  CHECK(pipe_of(make_instr(Opcode::PipeBarrier, {kPipeAll})) == Pipe::S);
  CHECK(pipe_of(make_instr(Opcode::Mad, {0, 0, 0, 16, 16, 16, 1})) == Pipe::M);
}

}  // namespace
}  // namespace npu
