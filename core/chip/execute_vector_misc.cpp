// SPDX-License-Identifier: Apache-2.0
// Vector instructions that are not lane by lane: reductions, comparison and selection, transposes.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/half.h"
#include "core/chip/lanes.h"
#include "core/chip/strided.h"
#include "core/isa/compare.h"

namespace npu {
namespace {

// Sum of 2^n values, neighbours first.
float tree_sum(float* values, int count) {
  for (; count > 1; count /= 2)
    for (int i = 0; i < count / 2; ++i) values[i] = values[2 * i] + values[2 * i + 1];
  return values[0];
}

// NaN if any is NaN; +0 above -0.
float extreme(const float* values, int count, bool largest) {
  float best = largest ? -INFINITY : INFINITY;
  for (int i = 0; i < count; ++i) {
    if (values[i] != values[i]) return values[i];
    const bool tie = values[i] == best && std::signbit(values[i]) != largest;
    if (tie || (largest ? values[i] > best : values[i] < best)) best = values[i];
  }
  return best;
}

enum class Reduction { Sum, Max, Min };

// The first lane of the group whose value is `result`; the first NaN's when that is one.
uint32_t lane_of(const float* values, int64_t group, float result) {
  for (int64_t i = 0; i < group; ++i)
    if (result != result ? values[i] != values[i] : values[i] == result && std::signbit(values[i]) == std::signbit(result)) return static_cast<uint32_t>(i);
  return 0;
}

Status reduce(Machine& machine, const Instr& instr, Reduction reduction) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kRdType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size);
  const ReduceShape shape(instr);
  const int64_t groups = lanes / shape.group, repeat = arg[kRdRepeat];
  const int64_t order = instr.op == Opcode::Vcmax || instr.op == Opcode::Vcmin ? arg[kRdOrder] : 0;
  const VectorOperand src{arg[kRdSrc], arg[kRdSrcBlk], arg[kRdSrcRep], size};
  const ActiveLanes active(machine.issue, lanes, size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_operand("src", src));
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kRdDst], size));
  NPU_CHECK(check_read(ub, src, active, lanes, repeat));

  const float neutral = reduction == Reduction::Sum ? 0.0f : reduction == Reduction::Max ? -INFINITY : INFINITY;
  for (int64_t r = 0; r < repeat; ++r) {
    alignas(64) std::byte raw[kRepeatBytes] = {};
    alignas(64) float values[128];
    gather(ub, src, active, r, raw);
    if (type == VecType::F16) machine.cube->half_to_float(reinterpret_cast<const uint16_t*>(raw), values, static_cast<size_t>(lanes));
    else std::memcpy(values, raw, sizeof(raw));
    if (!active.full)
      for (int lane = 0; lane < lanes; ++lane)
        if (!lane_active(machine.issue, lane)) values[lane] = neutral;
    float result[64];
    const auto group = static_cast<int>(shape.group);
    for (int64_t g = 0; g < groups; ++g)
      result[g] = reduction == Reduction::Sum ? tree_sum(values + g * group, group) : extreme(values + g * group, group, reduction == Reduction::Max);
    alignas(64) std::byte out[kRepeatBytes];
    const auto count = static_cast<size_t>(groups);
    if (type == VecType::F16) machine.cube->float_to_half(result, reinterpret_cast<uint16_t*>(out), count, machine.half_limit);
    else machine.cube->copy_float(result, reinterpret_cast<float*>(out), count);
    if (order > 0) {
      const uint32_t number = lane_of(values, group, result[0]);
      if (order == 1) std::memcpy(out + size, &number, static_cast<size_t>(size));
      if (order == 2) std::memcpy(out + size, out, static_cast<size_t>(size));
      if (order >= 2) std::memcpy(out, &number, static_cast<size_t>(size));
    }
    const int64_t dst = arg[kRdDst] + r * arg[kRdDstRep] * shape.results * size;
    std::memcpy(ub.at(dst), out, static_cast<size_t>(shape.results * size));
    ub.mark_written(dst, dst + shape.results * size);
  }
  return {};
}

}  // namespace

Status execute_Vcadd(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Sum); }
Status execute_Vcmax(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Max); }
Status execute_Vcmin(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Min); }
Status execute_Vcgadd(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Sum); }
Status execute_Vcgmax(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Max); }
Status execute_Vcgmin(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Min); }
Status execute_Vcpadd(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Sum); }

Status execute_Vcmpv(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kCmpType]);
  const int lanes = repeat_lanes(vec_type_size(type));
  const int64_t repeat = arg[kCmpRepeat];
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kCmpDst], kBlockBytes));
  for (const auto& [name, index] : {std::pair{"src0", kCmpSrc0}, std::pair{"src1", kCmpSrc1}}) {
    NPU_CHECK(check_alignment(name, Buffer::UB, arg[index], kBlockBytes));
    NPU_CHECK(ub.check_written(arg[index], arg[index] + repeat * kRepeatBytes));
  }
  for (int64_t r = 0; r < repeat; ++r) {
    const std::byte* a = ub.at(arg[kCmpSrc0] + r * kRepeatBytes);
    const std::byte* b = ub.at(arg[kCmpSrc1] + r * kRepeatBytes);
    uint8_t bits[32] = {};
    for (int lane = 0; lane < lanes; ++lane)
      if (compare(read_lane(type, a, lane), read_lane(type, b, lane), static_cast<CompareMode>(arg[kCmpMode]))) bits[lane / 8] |= static_cast<uint8_t>(1 << lane % 8);
    std::memcpy(ub.at(arg[kCmpDst] + r * lanes / 8), bits, static_cast<size_t>(lanes / 8));
  }
  ub.mark_written(arg[kCmpDst], arg[kCmpDst] + repeat * lanes / 8);
  return {};
}

Status execute_Vsel(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(arg[kSelType])), lanes = repeat_lanes(size);
  const int64_t repeat = arg[kSelRepeat];
  const VectorOperand dst{arg[kSelDst], 1, 8, size}, src0{arg[kSelSrc0], 1, 8, size}, src1{arg[kSelSrc1], 1, 8, size};
  const ActiveLanes active(machine.issue, lanes, size);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_operand("dst", dst));
  NPU_CHECK(check_operand("src0", src0));
  NPU_CHECK(check_operand("src1", src1));
  NPU_CHECK(check_alignment("mask", Buffer::UB, arg[kSelMask], kBlockBytes));
  NPU_CHECK(check_read(ub, src0, active, lanes, repeat));
  NPU_CHECK(check_read(ub, src1, active, lanes, repeat));
  NPU_CHECK(ub.check_written(arg[kSelMask], arg[kSelMask] + repeat * lanes / 8));
  mark_written(ub, dst, active, lanes, repeat);
  for (int64_t r = 0; r < repeat; ++r) {
    alignas(64) std::byte a[kRepeatBytes] = {}, b[kRepeatBytes] = {};
    uint8_t bits[32];
    gather(ub, src0, active, r, a);
    gather(ub, src1, active, r, b);
    std::memcpy(bits, ub.at(arg[kSelMask] + r * lanes / 8), static_cast<size_t>(lanes / 8));
    for (int lane = 0; lane < lanes; ++lane)
      if (!(bits[lane / 8] >> lane % 8 & 1)) std::memcpy(a + lane * size, b + lane * size, static_cast<size_t>(size));
    scatter(ub, dst, active, r, a);
  }
  return {};
}

Status execute_ScatterVnchwconvB16(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kTrDst], kBlockBytes));
  NPU_CHECK(check_alignment("src", Buffer::UB, arg[kTrSrc], kBlockBytes));
  const auto transpose = kernels::vector_kernels().transpose;
  for (int64_t r = 0; r < arg[kTrRepeat]; ++r) {
    const int64_t src = arg[kTrSrc] + r * arg[kTrSrcRep] * kBlockBytes, dst = arg[kTrDst] + r * arg[kTrDstRep] * kBlockBytes;
    alignas(64) uint16_t in[256], out[256];
    for (int64_t i = 0; i < 16; ++i) {
      const int64_t row = src + i * arg[kTrSrcRow] * kBlockBytes;
      NPU_CHECK(ub.check_written(row, row + kBlockBytes));
      std::memcpy(in + i * 16, ub.at(row), kBlockBytes);
    }
    transpose(in, 16, out, 16);
    for (int64_t j = 0; j < 16; ++j) {
      const int64_t row = dst + j * arg[kTrDstRow] * kBlockBytes;
      std::memcpy(ub.at(row), out + j * 16, kBlockBytes);
      ub.mark_written(row, row + kBlockBytes);
    }
  }
  return {};
}

Status execute_Vbrcb(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(arg[kBrType]));
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kBrDst], kBlockBytes));
  NPU_CHECK(check_alignment("src", Buffer::UB, arg[kBrSrc], kBlockBytes));
  NPU_CHECK(ub.check_written(arg[kBrSrc], arg[kBrSrc] + arg[kBrRepeat] * 8 * size));
  for (int64_t r = 0; r < arg[kBrRepeat]; ++r) {
    std::byte values[32];
    std::memcpy(values, ub.at(arg[kBrSrc] + r * 8 * size), static_cast<size_t>(8 * size));
    for (int i = 0; i < 8; ++i)
      for (int lane = 0; lane < kBlockBytes / size; ++lane)
        std::memcpy(ub.at(arg[kBrDst] + (r * 8 + i) * kBlockBytes + lane * size), values + i * size, static_cast<size_t>(size));
  }
  ub.mark_written(arg[kBrDst], arg[kBrDst] + arg[kBrRepeat] * kRepeatBytes);
  return {};
}

}  // namespace npu
