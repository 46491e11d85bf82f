// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/chip/check/check.h"

namespace npu {
namespace {

using enum Opcode;

constexpr int64_t kIn = kArenaBase, kOut = kArenaBase + (1 << 20);

const Soc& chip() { return **find_soc("Ascend310"); }

// Loads from `in`, stores to `out`: `bursts` blocks of 32 bytes, `gap` blocks between those of the output.
Program copy(int64_t in, int64_t out, int64_t bursts = 8, int64_t gap = 0) {
  return {make_instr(CopyGmToUbuf, {0, in, 1, bursts, 0, 0}), make_instr(PipeBarrier, {kPipeAll}),
          make_instr(CopyUbufToGm, {out, 0, bursts, 1, 0, gap}), make_instr(PipeBarrier, {kPipeAll})};
}

CompiledModel model_of(std::vector<Program> blocks) {
  CompiledModel model;
  Task task;
  task.name = "t";
  task.blocks = std::move(blocks);
  model.tasks.push_back({.name = "first", .blocks = {copy(kIn, kOut)}});
  model.tasks.push_back(std::move(task));
  return model;
}

Status checked(std::vector<Program> blocks, int threads = 1) {
  ThreadPool pool(threads);
  return check_model(chip(), model_of(std::move(blocks)), pool);
}

}  // namespace

TEST_CASE("blocks may share what they read, not what one of them writes") {
  CHECK(check_blocks(std::vector<Program>{copy(kIn, kOut), copy(kIn, kOut + 256)}).empty());
  CHECK(check_blocks(std::vector<Program>{copy(kIn, kOut)}).empty());
  const auto writes = check_blocks(std::vector<Program>{copy(kIn, kOut), copy(kIn, kOut + 192)});
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].kind == Finding::Kind::Blocks);
  CHECK(writes[0].text == "block 0 (instruction 2 (copy_ubuf_to_gm, MTE3)) writes GM[0x80001000c0, 0x8000100100), block 1 (instruction 2 (copy_ubuf_to_gm, MTE3)) writes it: "
                          "blocks run on different cores, nothing orders them");
  const auto reads = check_blocks(std::vector<Program>{copy(kIn, kOut), copy(kOut + 32, kOut + 512)});
  REQUIRE(reads.size() == 1);
  CHECK(reads[0].text == "block 0 (instruction 2 (copy_ubuf_to_gm, MTE3)) writes GM[0x8000100020, 0x8000100100), block 1 (instruction 0 (copy_gm_to_ubuf, MTE2)) reads it: "
                         "blocks run on different cores, nothing orders them");
  // A block may read again what it wrote itself.
  CHECK(check_blocks(std::vector<Program>{copy(kOut, kOut), copy(kOut + 256, kOut + 256)}).empty());
}

TEST_CASE("blocks that write alternate pieces of the same range are apart") {
  CHECK(check_blocks(std::vector<Program>{copy(kIn, kOut, 8, 1), copy(kIn, kOut + 32, 8, 1)}).empty());
  CHECK(check_blocks(std::vector<Program>{copy(kIn, kOut, 8, 2), copy(kIn, kOut + 32, 8, 1)}).size() == 1);
}

TEST_CASE("random blocks: a finding exactly if some byte is shared and written") {
  std::mt19937 random(3);
  const auto below = [&](int n) { return static_cast<int64_t>(random() % static_cast<unsigned>(n)); };
  int clean = 0, dirty = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<Program> blocks(2 + static_cast<size_t>(below(3)));
    for (Program& block : blocks)
      for (int64_t i = below(4); i >= 0; --i) {
        const Program one = copy(kIn + below(40) * 32, kIn + below(160) * 32, 1 + below(4), below(3));
        block.insert(block.end(), one.begin(), one.end());
      }
    std::map<int64_t, uint32_t> readers, writers;  // by 32 bytes: blocks as bits
    for (size_t b = 0; b < blocks.size(); ++b)
      for (const Instr& instr : blocks[b]) {
        const auto& a = instr.arg;
        if (instr.op == CopyGmToUbuf)
          for (int64_t i = 0; i < a[3]; ++i) readers[a[1] / 32 + i] |= 1u << b;
        if (instr.op == CopyUbufToGm)
          for (int64_t i = 0; i < a[2]; ++i) writers[a[0] / 32 + i * (1 + a[5])] |= 1u << b;
      }
    const bool shared = std::ranges::any_of(writers, [&](const auto& entry) {
      return std::popcount(entry.second) > 1 || (readers.contains(entry.first) && (readers[entry.first] & ~entry.second) != 0);
    });
    CAPTURE(round);
    CHECK(check_blocks(blocks).empty() == !shared);
    ++(shared ? dirty : clean);
  }
  CHECK(clean > 400);
  CHECK(dirty > 400);
}

TEST_CASE("a model: the error names task, block and instructions, with any number of threads") {
  CHECK(checked({copy(kIn, kOut), copy(kIn + 256, kOut + 256)}).has_value());
  for (int threads : {1, 3}) {
    std::vector<Program> blocks;
    for (int i = 0; i < 40; ++i) blocks.push_back(copy(kIn, kOut + i * 256));
    blocks[17].erase(blocks[17].begin() + 1);
    blocks[30].erase(blocks[30].begin() + 1);
    const Status status = checked(std::move(blocks), threads);
    REQUIRE(!status);
    CHECK(status.error().kind == ErrorKind::InvalidProgram);
    CHECK(status.error().where == "task 't', block 17");
    CHECK(status.error().what == "instruction 0 (copy_gm_to_ubuf, MTE2) and 1 (copy_ubuf_to_gm, MTE3) conflict on UB[0x0, 0x100): write then read, nothing orders them");
  }
  const Status blocks = checked({copy(kIn, kOut), copy(kIn, kOut)});
  REQUIRE(!blocks);
  CHECK(blocks.error().where == "task 't'");
}

TEST_CASE("streams that differ in device addresses are one only where these cannot matter") {
  // Stores, then loads: a race if the addresses meet. Three copies that do not, one that does.
  const auto block = [](int64_t out, int64_t in) {
    return Program{make_instr(VectorDup, {0, 0, 0, 1, 1, 8}), make_instr(PipeBarrier, {kPipeAll}), make_instr(CopyUbufToGm, {out, 0, 1, 8, 0, 0}),
                   make_instr(CopyGmToUbuf, {1024, in, 1, 8, 0, 0})};
  };
  CHECK(checked({block(kOut, kIn), block(kOut + 256, kIn), block(kOut + 512, kIn)}).has_value());
  const Status status = checked({block(kOut, kIn), block(kOut + 256, kIn), block(kOut + 512, kOut + 512)});
  REQUIRE(!status);
  CHECK(status.error().where == "task 't', block 2");
}

TEST_CASE("programs of random words are checked without harm") {
  std::mt19937_64 random(9);
  ThreadPool pool(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Program> blocks(2);
    for (Program& block : blocks)
      for (int i = 0; i < 30; ++i) {
        Instr instr{static_cast<Opcode>(random() % kOpcodes), {}};
        const InstrInfo& info = instr_info(instr.op);
        for (int f = 0; f < field_count(info); ++f) {
          const int width = info.fields[f].width;
          uint64_t value = random() & (width >= 63 ? ~uint64_t{0} : (uint64_t{1} << width) - 1);
          if (info.fields[f].kind == Field::Type) value %= 6;
          if (info.fields[f].kind == Field::PipeId) value %= 8;
          if (random() % 4 && info.fields[f].kind != Field::Address) value %= 9;
          instr.arg[static_cast<size_t>(f)] = static_cast<int64_t>(value);
        }
        block.push_back(instr);
      }
    static_cast<void>(check_model(chip(), model_of(blocks), pool));
    for (const Program& block : blocks) CHECK(check_stream(chip(), block, 4).size() <= 4);
  }
}

}  // namespace npu
