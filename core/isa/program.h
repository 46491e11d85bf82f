// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/isa/isa.h"

namespace npu {

// A decoded instruction: the row's fields in order.
struct Instr {
  Opcode op{};
  std::array<int64_t, kMaxFields> arg{};

  friend bool operator==(const Instr&, const Instr&) = default;
};

Instr make_instr(Opcode op, std::initializer_list<int64_t> args);

// The pipe whose queue the instruction waits in: the row's, or the operand's for flags and barriers.
// pipe_barrier(ALL) is dispatched by the scalar unit.
Pipe pipe_of(const Instr& instr);

// The instruction stream of one block (one core's share of a task): straight-line, in program order.
using Program = std::vector<Instr>;

using InstrWord = std::array<std::byte, kInstrBytes>;
Result<InstrWord> encode(const Instr& instr);      // InvalidProgram when an operand does not fit its field
Result<Instr> decode(const InstrWord& word);       // InvalidProgram on an unknown opcode or set unused bits

Result<std::vector<std::byte>> encode(const Program& program);
Result<Program> decode_program(Bytes bytes);

// "vadd f16 dst=UB[0x100] src0=UB[0x0] ..." — one line, no newline.
std::string disassemble(const Instr& instr);

// A byte range of a buffer that an instruction touches: [begin, end), the hull of a strided access.
struct Access {
  Buffer buffer{};
  bool write = false;
  int64_t begin = 0;
  int64_t end = 0;
};

// Running state that the meaning of later instructions depends on.
struct IssueState {
  uint64_t mask_high = ~uint64_t{0};
  uint64_t mask_low = ~uint64_t{0};
  int64_t fm_h = 0, fm_w = 0;
  int64_t pad_left = 0, pad_right = 0, pad_top = 0, pad_bottom = 0;
  uint16_t pad_value = 0;

  void apply(const Instr& instr);  // set_* instructions change it, others do not
};

// At most 5 ranges; an instruction without work (repeat 0) has none.
struct AccessList {
  std::array<Access, 5> items{};
  int count = 0;

  void add(Buffer buffer, bool write, int64_t begin, int64_t end) {
    if (end > begin) items[static_cast<size_t>(count++)] = {buffer, write, begin, end};
  }
  std::span<const Access> view() const& { return {items.data(), static_cast<size_t>(count)}; }
  std::span<const Access> view() const&& = delete;  // a loop over it would outlive the list
};
AccessList accesses(const Instr& instr, const IssueState& state);

}  // namespace npu
