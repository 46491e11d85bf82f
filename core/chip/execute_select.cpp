// SPDX-License-Identifier: Apache-2.0
// Comparison with a scalar and into the compare mask, and selections by it.
#include <algorithm>
#include <array>

#include "core/chip/lanes.h"
#include "core/chip/strided.h"
#include "core/isa/compare.h"

namespace npu {
namespace {

uint64_t& mask_half(Machine& machine, int half) {
  return machine.special[static_cast<size_t>(half == 0 ? Special::CmpMaskLow : Special::CmpMaskHigh)];
}
bool mask_bit(Machine& machine, int lane) { return mask_half(machine, lane / 64) >> lane % 64 & 1; }

// src0 where `first(r, lane)`, else what `other` holds for the repeat.
template <class First, class Other>
void choose(Machine& machine, const VectorOperand& dst, const VectorOperand& src0, int lanes, int64_t repeat, First first, Other other) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const ActiveLanes active(machine.issue, lanes, dst.size);
  for (int64_t r = 0; r < repeat; ++r) {
    alignas(64) std::byte a[kRepeatBytes] = {}, b[kRepeatBytes] = {};
    gather(ub, src0, active, r, a);
    other(active, r, b);
    for (int lane = 0; lane < lanes; ++lane)
      if (!first(r, lane)) std::memcpy(a + lane * dst.size, b + lane * dst.size, static_cast<size_t>(dst.size));
    scatter(ub, dst, active, r, a);
  }
}

}  // namespace

Status execute_Vcmpvs(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kCsType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(ub.check_written(arg[kCsSrc], arg[kCsSrc] + arg[kCsRepeat] * kRepeatBytes));
  const uint32_t bits = scalar_bits(type, static_cast<uint32_t>(arg[kCsScalar]));
  std::byte raw[4];
  std::memcpy(raw, &bits, 4);
  const double scalar = read_lane(type, raw, 0);
  for (int64_t r = 0; r < arg[kCsRepeat]; ++r) {
    std::array<uint8_t, 32> result{};
    const std::byte* src = ub.at(arg[kCsSrc] + r * kRepeatBytes);
    for (int lane = 0; lane < lanes; ++lane)
      if (compare(read_lane(type, src, lane), scalar, static_cast<CompareMode>(arg[kCsMode]))) result[static_cast<size_t>(lane / 8)] |= static_cast<uint8_t>(1 << lane % 8);
    std::memcpy(ub.at(arg[kCsDst] + r * lanes / 8), result.data(), static_cast<size_t>(lanes / 8));
  }
  ub.mark_written(arg[kCsDst], arg[kCsDst] + arg[kCsRepeat] * lanes / 8);
  return {};
}

Status execute_Vcmp(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kCmType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size);
  const VectorOperand src0{arg[kCmSrc0], arg[kCmSrc0Blk], arg[kCmSrc0Rep], size}, src1{arg[kCmSrc1], arg[kCmSrc1Blk], arg[kCmSrc1Rep], size};
  const ActiveLanes active(machine.issue, lanes, size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_read(ub, src0, active, lanes, arg[kCmRepeat]));
  NPU_CHECK(check_read(ub, src1, active, lanes, arg[kCmRepeat]));
  for (int64_t r = 0; r < arg[kCmRepeat]; ++r) {
    alignas(64) std::byte a[kRepeatBytes] = {}, b[kRepeatBytes] = {};
    gather(ub, src0, active, r, a);
    gather(ub, src1, active, r, b);
    for (int lane = 0; lane < lanes; ++lane) {
      if (!lane_active(machine.issue, lane)) continue;
      const uint64_t bit = uint64_t{1} << lane % 64;
      uint64_t& half = mask_half(machine, lane / 64);
      half = compare(read_lane(type, a, lane), read_lane(type, b, lane), static_cast<CompareMode>(arg[kCmMode])) ? half | bit : half & ~bit;
    }
  }
  return {};
}

Status execute_SetCmpMask(Machine& machine, const Instr& instr) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(ub.check_written(instr.arg[0], instr.arg[0] + 16));
  for (int half = 0; half < 2; ++half) std::memcpy(&mask_half(machine, half), ub.at(instr.arg[0] + half * 8), 8);
  return {};
}

Status execute_GetCmpMask(Machine& machine, const Instr& instr) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  for (int half = 0; half < 2; ++half) std::memcpy(ub.at(instr.arg[0] + half * 8), &mask_half(machine, half), 8);
  ub.mark_written(instr.arg[0], instr.arg[0] + 16);
  return {};
}

Status execute_Vselr(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(arg[kBiType])), lanes = repeat_lanes(size);
  const int64_t repeat = arg[kBiRepeat];
  const VectorOperand dst{arg[kBiDst], arg[kBiDstBlk], arg[kBiDstRep], size}, src0{arg[kBiSrc0], arg[kBiSrc0Blk], arg[kBiSrc0Rep], size},
      src1{arg[kBiSrc1], arg[kBiSrc1Blk], arg[kBiSrc1Rep], size};
  const ActiveLanes active(machine.issue, lanes, size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_read(ub, src0, active, lanes, repeat));
  NPU_CHECK(check_read(ub, src1, active, lanes, repeat));
  mark_written(ub, dst, active, lanes, repeat);
  choose(machine, dst, src0, lanes, repeat, [&](int64_t, int lane) { return mask_bit(machine, lane); },
         [&](const ActiveLanes& on, int64_t r, std::byte* out) { gather(ub, src1, on, r, out); });
  return {};
}

Status execute_Vsels(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kSsType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size);
  const int64_t repeat = arg[kSsRepeat];
  const VectorOperand dst{arg[kSsDst], 1, 8, size}, src0{arg[kSsSrc0], 1, 8, size};
  const ActiveLanes active(machine.issue, lanes, size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_read(ub, src0, active, lanes, repeat));
  NPU_CHECK(ub.check_written(arg[kSsMask], arg[kSsMask] + repeat * lanes / 8));
  mark_written(ub, dst, active, lanes, repeat);
  const uint32_t scalar = scalar_bits(type, static_cast<uint32_t>(arg[kSsScalar]));
  std::array<uint8_t, 32> bits{};
  choose(machine, dst, src0, lanes, repeat, [&](int64_t, int lane) { return bits[static_cast<size_t>(lane / 8)] >> lane % 8 & 1; },
         [&](const ActiveLanes&, int64_t r, std::byte* out) {
           // The bits are taken before this repeat's results may overwrite them.
           std::memcpy(bits.data(), ub.at(arg[kSsMask] + r * lanes / 8), static_cast<size_t>(lanes / 8));
           for (int lane = 0; lane < lanes; ++lane) std::memcpy(out + lane * size, &scalar, static_cast<size_t>(size));
         });
  return {};
}

}  // namespace npu
