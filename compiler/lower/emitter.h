// SPDX-License-Identifier: Apache-2.0
// Writes the instruction stream of one block in program order. Lowerings give whole operations; the emitter splits
// them where a field of an instruction would overflow and sets the vector mask. Flags come later (insert_sync).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "core/base/math.h"
#include "core/base/result.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

// A vector source operand: contiguous, or one 32-byte block repeated for the whole operation.
struct VecSrc {
  int64_t address;
  bool one_block = false;
};

// n_burst pieces of `blocks` 32-byte blocks with gaps between them (tail to head), in 32-byte blocks.
struct BlockCopy {
  int64_t bursts = 1;
  int64_t blocks = 0;
  int64_t src_gap = 0;
  int64_t dst_gap = 0;
};

// The same in bytes on the GM side; UB bursts start on 32-byte blocks, its gap is in blocks.
struct ByteCopy {
  int64_t bursts = 1;
  int64_t bytes = 0;
  int64_t gm_gap = 0;   // bytes
  int64_t ub_gap = 0;   // blocks
};

class Emitter {
 public:
  explicit Emitter(const Soc& soc) : soc_(soc) {}

  const Soc& soc() const { return soc_; }
  Program take() { return std::move(program_); }

  // A region of an on-chip buffer for the rest of the block. A buffer that is too small is remembered and reported by
  // status(); the address is then 0.
  int64_t reserve(Buffer buffer, int64_t bytes, const char* purpose);
  int64_t free_bytes(Buffer buffer) const;
  Status status() const;

  void push(Opcode op, std::initializer_list<int64_t> args) { program_.push_back(make_instr(op, args)); }

  void gm_to_l1(int64_t dst, int64_t src, BlockCopy copy) { copy_blocks(Opcode::CopyGmToCbuf, dst, src, copy); }
  void gm_to_ub(int64_t dst, int64_t src, BlockCopy copy) { copy_blocks(Opcode::CopyGmToUbuf, dst, src, copy); }
  void ub_to_gm(int64_t dst, int64_t src, BlockCopy copy) { copy_blocks(Opcode::CopyUbufToGm, dst, src, copy); }
  void ub_to_ub(int64_t dst, int64_t src, BlockCopy copy) { copy_blocks(Opcode::CopyUbufToUbuf, dst, src, copy); }
  void gm_to_ub_bytes(int64_t dst, int64_t src, ByteCopy copy);
  void ub_to_gm_bytes(int64_t dst, int64_t src, ByteCopy copy);

  // Vector operations on `count` contiguous elements.
  void unary(Opcode op, VecType type, int64_t dst, int64_t src, int64_t count);
  void scalar(Opcode op, VecType type, int64_t dst, int64_t src, float value, int64_t count);
  void binary(Opcode op, VecType type, int64_t dst, VecSrc src0, VecSrc src1, int64_t count);
  void convert(VecType dst_type, VecType src_type, int64_t dst, int64_t src, int64_t count, RoundMode round = RoundMode::Nearest);
  void fill(VecType type, int64_t dst, float value, int64_t count);
  // One instruction with explicit strides: sets the mask to `lanes` of each repeat, arguments as in isa.def.
  void masked(int64_t lanes, VecType type, Opcode op, std::initializer_list<int64_t> args);

 private:
  void copy_blocks(Opcode op, int64_t dst, int64_t src, BlockCopy copy);
  void set_mask(int64_t lanes);
  template <class F>
  void for_repeats(int64_t count, int64_t lanes, F&& emit);

  const Soc& soc_;
  Program program_;
  std::array<int64_t, kBuffers> used_{};
  std::string overflow_;
  int64_t mask_lanes_ = -1;
};

inline int64_t float_bits(float value) { return static_cast<int64_t>(std::bit_cast<uint32_t>(value)); }
inline int64_t type_arg(VecType type) { return static_cast<int64_t>(type); }

// Slots of one size in a buffer, used in turn: what is written to the next slot overlaps what still works on the others.
class Ring {
 public:
  Ring() = default;
  Ring(Emitter& emitter, Buffer buffer, int64_t slot_bytes, int slots, const char* purpose)
      : slot_bytes_(align_up(slot_bytes, 512)), slots_(slots), base_(emitter.reserve(buffer, slot_bytes_ * slots, purpose)) {}

  int64_t next() { return base_ + slot_bytes_ * (turn_++ % slots_); }
  // What next() will give.
  int64_t coming() const { return base_ + slot_bytes_ * (turn_ % slots_); }

 private:
  int64_t slot_bytes_ = 0;
  int64_t slots_ = 1;
  int64_t base_ = 0;
  int64_t turn_ = 0;
};

}  // namespace npu
