// SPDX-License-Identifier: Apache-2.0
// Strided vector operands of UB: checks, gathering into contiguous lanes, scattering back under the mask.
#pragma once

#include "core/chip/machine.h"

namespace npu {

// The part of a repeat that takes part, block by block of one operand.
struct ActiveLanes {
  ActiveLanes(const IssueState& issue, int lanes, int size);

  int blocks = 0;           // of the operand in one repeat
  bool full = true;         // every lane of every block
  uint32_t mask[8] = {};    // of each block, lane 0 lowest
  uint32_t all = 0;         // a block's mask when every lane is active
};

inline bool contiguous(const VectorOperand& operand, int lanes) { return operand.blk == 1 && operand.rep == lanes * operand.size / kBlockBytes; }

Status check_operand(std::string_view name, const VectorOperand& operand);
// UninitializedRead unless every active block of every repeat was written.
Status check_read(const OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int lanes, int64_t repeat);
void mark_written(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int lanes, int64_t repeat);

// Repeat r as contiguous lanes; blocks without an active lane are left as they are in `lanes_out`.
void gather(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int64_t r, std::byte* lanes_out);
void scatter(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int64_t r, const std::byte* lanes_in);

// The lane's value as the kernels want a scalar operand: rounded to the type.
uint32_t scalar_bits(VecType type, uint32_t float_bits);

}  // namespace npu
