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

// Device addresses: a model's weights start at 0, the arena (inputs, outputs, activations, workspace) at kArenaBase.
inline constexpr int64_t kArenaBase = int64_t{1} << 39;

// A decoded instruction: the row's fields in order.
struct Instr {
  Opcode op{};
  std::array<int64_t, kMaxFields> arg{};

  friend bool operator==(const Instr&, const Instr&) = default;
};

// Operands left out at the end are 0.
Instr make_instr(Opcode op, std::initializer_list<int64_t> args);

// The pipe whose queue the instruction waits in: the row's, or the operand's for flags and barriers.
// pipe_barrier(ALL) is dispatched by the scalar unit.
Pipe pipe_of(const Instr& instr);

// ffts_cross_core_sync or wait_flag_dev: the block depends on the task's other blocks.
inline bool is_cross_core(Opcode op) { return op == Opcode::FftsCrossCoreSync || op == Opcode::WaitFlagDev; }

// The instruction stream of one block (one core's share of a task). Read it through core/isa/fetch.h: loops and branches
// make the order of execution.
using Program = std::vector<Instr>;

using InstrWord = std::array<std::byte, kInstrBytes>;
// What is wrong with an operand's value by its row's limits ("repeat is 300, allowed are 0 to 255"); empty when nothing.
std::string operand_fault(const Instr& instr);

Result<InstrWord> encode(const Instr& instr);      // InvalidProgram when an operand does not fit its field
Result<Instr> decode(const InstrWord& word);       // InvalidProgram on an unknown opcode or set unused bits

Result<std::vector<std::byte>> encode(const Program& program);
Result<Program> decode_program(Bytes bytes);

// "vadd f16 dst=UB[0x100] src0=UB[0x0] ..." — one line, no newline.
std::string disassemble(const Instr& instr);

// Bytes of a buffer that an instruction touches: for i < outer, j < inner, `length` bytes from
// begin + i*outer_pitch + j*inner_pitch; [begin, end) is the hull. (No initialisers: lists of it are made for every
// instruction that runs.)
struct Access {
  Buffer buffer;
  bool write;
  int32_t outer, inner;
  int64_t begin, end;
  int64_t length;
  int64_t outer_pitch, inner_pitch;
};

// One dimension of a strided access.
struct Stride {
  int64_t count = 1;
  int64_t pitch = 0;
};

// Running state that the meaning of later instructions depends on.
struct IssueState {
  uint64_t mask_high = ~uint64_t{0};
  uint64_t mask_low = ~uint64_t{0};
  int64_t fm_h = 0, fm_w = 0;
  int64_t pad_left = 0, pad_right = 0, pad_top = 0, pad_bottom = 0;
  uint16_t pad_value = 0;
  enum Atomic : uint8_t { None, AtomicAdd, AtomicMax, AtomicMin } atomic = None;  // what copies to GM do
  VecType atomic_type{};
  uint64_t quant_pre = 0;
  std::array<uint64_t, kAippRegisters> aipp{};

  void apply(const Instr& instr);  // set_* instructions change it, others do not
};

// The accesses of one instruction; one without work (repeat 0) has none. What does not fit widens a range of its kind.
struct AccessList {
  static constexpr int kCapacity = 12;
  std::array<Access, kCapacity> items;
  int count = 0;

  void add(Buffer buffer, bool write, int64_t begin, int64_t end) { add_strided(buffer, write, begin, end - begin, {}, {}); }
  void add_strided(Buffer buffer, bool write, int64_t begin, int64_t length, Stride outer, Stride inner);
  std::span<const Access> view() const& { return {items.data(), static_cast<size_t>(count)}; }
  std::span<const Access> view() const&& = delete;  // a loop over it would outlive the list
};
AccessList accesses(const Instr& instr, const IssueState& state);

}  // namespace npu
