// SPDX-License-Identifier: Apache-2.0
// One instruction of a run, and the core after it: what the Chip room draws.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/isa/program.h"
#include "core/om/model.h"
#include "runtime/replay/snapshots.h"

namespace npu::ui {

// Which tensors of a task some bytes were made from: bit i is inputs[i], behind them the outputs; the last two are common ones.
using Origin = uint64_t;
inline constexpr int kMostOrigins = 62;
inline constexpr Origin kFromWorkspace = Origin{1} << 62;
inline constexpr Origin kFromConstants = Origin{1} << 63;  // weights as the compiler laid them out

// Bytes of an on-chip buffer that one instruction wrote last.
struct ChipTile {
  int64_t begin = 0, end = 0;
  int32_t step = 0;         // of the block: the instruction executed as number `step`
  int32_t instruction = 0;  // its place in the block's program
  Opcode op{};
  VecType type{};           // of its elements, as far as instructions and tensors tell
  Origin origin = 0;

  friend bool operator==(const ChipTile&, const ChipTile&) = default;
};

// What an instruction read, or wrote.
struct ChipOperand {
  Access access;
  VecType type{};
  Origin origin = 0;
  int64_t bytes = 0;             // of all runs
  int64_t changed = 0;           // of them, by a write
  std::vector<std::byte> before, after;  // run after run, at most kShownBytes; `after` of a write only
};
inline constexpr int64_t kShownBytes = 8192;

struct ChipMoment {
  int64_t position = 0;          // of the run: steps before this one
  int64_t step = 0;              // of the block: steps before this one
  int64_t block_steps = 0;       // of the whole block
  Place place;
  int64_t occurrence = 0;        // times the block has executed this instruction before
  bool cpu = false;              // a task of the AI CPU: no instruction
  Instr instr;
  std::vector<ChipOperand> operands;  // reads, then writes
  std::array<int64_t, kBuffers> reach{};              // the block never touches on-chip bytes from here on
  std::array<std::vector<ChipTile>, kBuffers> tiles;  // after the instruction, by address; none of GM

  const ChipTile* tile_at(Buffer buffer, int64_t address) const;
};

// The tensor that holds a device address, as a bit of Origin; kFromConstants or kFromWorkspace when the task names none.
Origin origin_of(const Task& task, int64_t address);
// "input, weights" in the order of the bits.
std::vector<std::string> origin_names(const Task& task, Origin origin);
// Of the elements a tensor of this type has on the device.
VecType vec_type_of(DType dtype);
// What the instruction itself says of the elements it reads or writes.
std::optional<VecType> type_read(const Instr& instr, Buffer buffer);
std::optional<VecType> type_written(const Instr& instr);

// "task 3 block 0 instruction 17", and its short form "3:0:17".
std::string place_text(const Place& place);
std::string place_key(const Place& place);
std::optional<Place> place_from_key(std::string_view text);

}  // namespace npu::ui
