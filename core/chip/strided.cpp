// SPDX-License-Identifier: Apache-2.0
#include "core/chip/strided.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/half.h"

namespace npu {

ActiveLanes::ActiveLanes(const IssueState& issue, int lanes, int size) : blocks(lanes * size / kBlockBytes) {
  const int per_block = kBlockBytes / size;
  all = per_block == 32 ? ~uint32_t{0} : (uint32_t{1} << per_block) - 1;
  for (int b = 0; b < blocks; ++b) {
    mask[b] = block_mask(issue, b, per_block);
    full &= mask[b] == all;
  }
}

Status check_operand(std::string_view name, const VectorOperand& operand) {
  return check_alignment(name, Buffer::UB, operand.base, kBlockBytes);
}

Status check_read(const OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int lanes, int64_t repeat) {
  if (repeat == 0 || !ub.tracks()) return {};
  if (active.full && contiguous(operand, lanes)) return ub.check_written(operand.base, operand.base + repeat * lanes * operand.size);
  // Everything between the first and the last block was written: the ordinary case. (Masked-off blocks may lie outside the buffer.)
  const int64_t end = operand.base + kBlockBytes * ((active.blocks - 1) * operand.blk + (repeat - 1) * operand.rep + 1);
  if (end <= ub.bytes() && ub.was_written(operand.base, end)) return {};
  for (int64_t r = 0; r < repeat; ++r)
    for (int b = 0; b < active.blocks; ++b) {
      if (active.mask[b] == 0) continue;
      const int64_t at = operand.base + kBlockBytes * (r * operand.rep + b * operand.blk);
      if (!ub.granule_written(at)) return ub.check_written(at, at + kBlockBytes);
    }
  return {};
}

void mark_written(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int lanes, int64_t repeat) {
  if (!ub.tracks()) return;
  if (active.full && contiguous(operand, lanes)) return ub.mark_written(operand.base, operand.base + repeat * lanes * operand.size);
  for (int64_t r = 0; r < repeat; ++r)
    for (int b = 0; b < active.blocks; ++b) {
      const int64_t at = operand.base + kBlockBytes * (r * operand.rep + b * operand.blk);
      if (active.mask[b] != 0) ub.mark_granule(at);
    }
}

void gather(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int64_t r, std::byte* lanes_out) {
  if (active.full) {
    const std::byte* from = ub.at(operand.base + kBlockBytes * r * operand.rep);
    for (int b = 0; b < active.blocks; ++b) std::memcpy(lanes_out + b * kBlockBytes, from + b * kBlockBytes * operand.blk, kBlockBytes);
    return;
  }
  for (int b = 0; b < active.blocks; ++b)
    if (active.mask[b] != 0) std::memcpy(lanes_out + b * kBlockBytes, ub.at(operand.base + kBlockBytes * (r * operand.rep + b * operand.blk)), kBlockBytes);
}

void scatter(OnChipBuffer& ub, const VectorOperand& operand, const ActiveLanes& active, int64_t r, const std::byte* lanes_in) {
  if (active.full) {
    std::byte* to = ub.at(operand.base + kBlockBytes * r * operand.rep);
    for (int b = 0; b < active.blocks; ++b) std::memcpy(to + b * kBlockBytes * operand.blk, lanes_in + b * kBlockBytes, kBlockBytes);
    return;
  }
  for (int b = 0; b < active.blocks; ++b) {
    std::byte* const to = ub.at(operand.base + kBlockBytes * (r * operand.rep + b * operand.blk));
    const std::byte* const from = lanes_in + b * kBlockBytes;
    if (active.mask[b] == active.all) {
      std::memcpy(to, from, kBlockBytes);
      continue;
    }
    for (uint32_t left = active.mask[b]; left != 0; left &= left - 1) {
      const auto offset = static_cast<size_t>(std::countr_zero(left) * operand.size);
      std::memcpy(to + offset, from + offset, static_cast<size_t>(operand.size));
    }
  }
}

uint32_t scalar_bits(VecType type, uint32_t float_bits) {
  const float value = std::bit_cast<float>(float_bits);
  const auto saturated = [value](double low, double high) {
    return value != value ? 0u : static_cast<uint32_t>(static_cast<int64_t>(std::nearbyint(std::clamp<double>(value, low, high))));
  };
  switch (type) {
    case VecType::F16: return float_to_half_bits(value);
    case VecType::F32: return float_bits;
    case VecType::S32: return saturated(INT32_MIN, INT32_MAX);
    case VecType::S16: return saturated(INT16_MIN, INT16_MAX);
    case VecType::U8: return saturated(0, 255);
    case VecType::S8: return saturated(-128, 127);
    case VecType::U16: return saturated(0, UINT16_MAX);
    case VecType::U32: return saturated(0, UINT32_MAX);
    case VecType::BF16: return float_to_bfloat_bits(value);
    default: return 0;  // no row with a scalar has the others
  }
}

}  // namespace npu
