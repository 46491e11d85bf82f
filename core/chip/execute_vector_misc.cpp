// SPDX-License-Identifier: Apache-2.0
// Vector instructions that are not lane by lane: conversions, reductions, comparison and selection, transposes.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/half.h"
#include "core/chip/strided.h"

namespace npu {
namespace {

std::string_view type_name(VecType type) { return kVecTypeNames[static_cast<size_t>(type)]; }

template <class T>
T load_lane(const std::byte* lanes, int lane) {
  T value;
  std::memcpy(&value, lanes + static_cast<size_t>(lane) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void store_lane(std::byte* lanes, int lane, T value) {
  std::memcpy(lanes + static_cast<size_t>(lane) * sizeof(T), &value, sizeof(T));
}

double read_lane(VecType type, const std::byte* lanes, int lane) {
  switch (type) {
    case VecType::F16: return half_bits_to_float(load_lane<uint16_t>(lanes, lane));
    case VecType::F32: return load_lane<float>(lanes, lane);
    case VecType::S32: return load_lane<int32_t>(lanes, lane);
    case VecType::S16: return load_lane<int16_t>(lanes, lane);
    case VecType::U8: return load_lane<uint8_t>(lanes, lane);
    case VecType::S8: return load_lane<int8_t>(lanes, lane);
    default: return 0;
  }
}

double round_to_integral(double value, RoundMode mode) {
  switch (mode) {
    case RoundMode::Nearest: return std::nearbyint(value);
    case RoundMode::Floor: return std::floor(value);
    case RoundMode::Ceil: return std::ceil(value);
    case RoundMode::Trunc: return std::trunc(value);
  }
  return value;
}

// The neighbour of `nearest` (a rounding of `value`, both finite) that the mode asks for. `next(f, up)` steps by one unit.
template <class Float, class Next>
Float directed(double value, Float nearest, RoundMode mode, Next next) {
  const bool up = mode == RoundMode::Ceil || (mode == RoundMode::Trunc && value < 0);
  if (mode == RoundMode::Nearest || static_cast<double>(nearest) == value) return nearest;
  if (up != (static_cast<double>(nearest) > value)) return next(nearest, up);
  return nearest;
}

uint16_t to_half(double value, RoundMode mode, float limit) {
  if (std::isnan(value)) return 0x7e00;
  // Sources are fp32 or integers; those beyond fp32's exact range are far beyond fp16's.
  const auto narrow = static_cast<float>(value);
  if (std::fabs(value) >= 65504) {
    const bool toward_zero = mode == RoundMode::Trunc || (mode == RoundMode::Floor && value > 0) || (mode == RoundMode::Ceil && value < 0);
    const bool finite = limit < 65536 || (toward_zero && std::isfinite(value)) || (mode == RoundMode::Nearest && std::fabs(value) < 65520) || std::fabs(value) == 65504;
    return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) | (finite ? 0x7bff : 0x7c00));
  }
  const auto next = [](float half, bool up) {
    uint16_t bits = float_to_half_bits(half);
    if ((bits & 0x7fff) == 0) return half_bits_to_float(up ? 0x0001 : 0x8001);
    bits = static_cast<uint16_t>(bits + (up == (bits < 0x8000) ? 1 : -1));
    return half_bits_to_float(bits);
  };
  const float rounded = directed(value, half_bits_to_float(float_to_half_bits(narrow)), mode, next);
  return float_to_half_bits(rounded == 0 ? std::copysign(0.0f, static_cast<float>(value)) : rounded);
}

float to_float(double value, RoundMode mode) {
  if (std::isnan(value)) return std::numeric_limits<float>::quiet_NaN();
  const auto next = [](float f, bool up) { return std::nextafter(f, up ? INFINITY : -INFINITY); };
  return directed(value, static_cast<float>(value), mode, next);
}

template <class T>
T to_integer(double value, RoundMode mode) {
  if (std::isnan(value)) return 0;
  return static_cast<T>(std::clamp<double>(round_to_integral(value, mode), std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

void convert_lane(VecType to, std::byte* out, VecType from, const std::byte* in, int lane, RoundMode mode, float limit) {
  const double value = read_lane(from, in, lane);
  switch (to) {
    case VecType::F16: return store_lane(out, lane, to_half(value, mode, limit));
    case VecType::F32: return store_lane(out, lane, to_float(value, mode));
    case VecType::S32: return store_lane(out, lane, to_integer<int32_t>(value, mode));
    case VecType::S16: return store_lane(out, lane, to_integer<int16_t>(value, mode));
    case VecType::U8: return store_lane(out, lane, to_integer<uint8_t>(value, mode));
    case VecType::S8: return store_lane(out, lane, to_integer<int8_t>(value, mode));
    default: return;
  }
}

// The conversions between bytes, halves and s32 that have a kernel.
bool convert_bytes(const Machine& machine, VecType to, std::byte* out, VecType from, const std::byte* in, size_t lanes) {
  const kernels::CubeKernels& k = *machine.cube;
  const auto source = [in]<class T>(T) { return reinterpret_cast<const T*>(in); };
  const auto target = [out]<class T>(T) { return reinterpret_cast<T*>(out); };
  if (from == VecType::U8 && to == VecType::F16) return k.u8_to_half(source(uint8_t{}), target(uint16_t{}), lanes), true;
  if (from == VecType::S8 && to == VecType::F16) return k.s8_to_half(source(int8_t{}), target(uint16_t{}), lanes), true;
  if (from == VecType::F16 && to == VecType::U8) return k.half_to_u8(source(uint16_t{}), target(uint8_t{}), lanes), true;
  if (from == VecType::F16 && to == VecType::S8) return k.half_to_s8(source(uint16_t{}), target(int8_t{}), lanes), true;
  if (from == VecType::F32 && to == VecType::S32) return k.float_to_s32(source(float{}), target(int32_t{}), lanes), true;
  if (from == VecType::S32 && to == VecType::F16) return k.s32_to_half(source(int32_t{}), target(uint16_t{}), lanes, machine.half_limit), true;
  return false;
}

void convert_lanes(const Machine& machine, VecType to, std::byte* out, VecType from, const std::byte* in, size_t lanes, RoundMode mode) {
  if (mode == RoundMode::Nearest && convert_bytes(machine, to, out, from, in, lanes)) return;
  if (from == VecType::F16 && to == VecType::F32) {
    machine.cube->half_to_float(reinterpret_cast<const uint16_t*>(in), reinterpret_cast<float*>(out), lanes);
    machine.cube->copy_float(reinterpret_cast<const float*>(out), reinterpret_cast<float*>(out), lanes);  // canonical NaN
  } else if (from == VecType::F32 && to == VecType::F16 && mode == RoundMode::Nearest) {
    machine.cube->float_to_half(reinterpret_cast<const float*>(in), reinterpret_cast<uint16_t*>(out), lanes, machine.half_limit);
  } else {
    for (size_t lane = 0; lane < lanes; ++lane) convert_lane(to, out, from, in, static_cast<int>(lane), mode, machine.half_limit);
  }
}

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

// `group`: lanes that make one result, a whole repeat or a block.
Status reduce(Machine& machine, const Instr& instr, Reduction reduction, bool by_block) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kRdType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size), group = by_block ? kBlockBytes / size : lanes;
  const int64_t results = lanes / group, repeat = arg[kRdRepeat];
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
    float result[8];
    for (int g = 0; g < results; ++g)
      result[g] = reduction == Reduction::Sum ? tree_sum(values + g * group, group) : extreme(values + g * group, group, reduction == Reduction::Max);
    const int64_t dst = arg[kRdDst] + r * arg[kRdDstRep] * results * size;
    const auto count = static_cast<size_t>(results);
    if (type == VecType::F16) {
      uint16_t halves[8];
      machine.cube->float_to_half(result, halves, count, machine.half_limit);
      std::memcpy(ub.at(dst), halves, count * 2);
    } else {
      machine.cube->copy_float(result, result, count);
      std::memcpy(ub.at(dst), result, count * 4);
    }
    ub.mark_written(dst, dst + results * size);
  }
  return {};
}

bool compare(double a, double b, CompareMode mode) {
  switch (mode) {
    case CompareMode::Eq: return a == b;
    case CompareMode::Ne: return a != b;
    case CompareMode::Lt: return a < b;
    case CompareMode::Le: return a <= b;
    case CompareMode::Gt: return a > b;
    case CompareMode::Ge: return a >= b;
  }
  return false;
}

}  // namespace

Status execute_Vconv(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto to = static_cast<VecType>(arg[kCvDstType]), from = static_cast<VecType>(arg[kCvSrcType]);
  if (to == from) return invalid(fmt::format("vconv from {} to itself is not implemented: a copy is copy_ubuf_to_ubuf", type_name(to)));
  const int dst_size = vec_type_size(to), src_size = vec_type_size(from), lanes = repeat_lanes(std::max(dst_size, src_size));
  const VectorOperand dst{arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], dst_size}, src{arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], src_size};
  const ActiveLanes dst_active(machine.issue, lanes, dst_size), src_active(machine.issue, lanes, src_size);
  const auto mode = static_cast<RoundMode>(arg[kCvRound]);
  const int64_t repeat = arg[kCvRepeat];
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_operand("dst", dst));
  NPU_CHECK(check_operand("src", src));
  NPU_CHECK(check_read(ub, src, src_active, lanes, repeat));
  mark_written(ub, dst, dst_active, lanes, repeat);

  const ByteRange read = vector_hull(src, machine.issue, lanes, repeat), written = vector_hull(dst, machine.issue, lanes, repeat);
  const bool overlap = read.begin < written.end && written.begin < read.end;
  if (!overlap && dst_active.full && contiguous(dst, lanes) && contiguous(src, lanes)) {
    convert_lanes(machine, to, ub.at(dst.base), from, ub.at(src.base), static_cast<size_t>(repeat * lanes), mode);
    return {};
  }
  alignas(64) std::byte in[kRepeatBytes] = {}, out[kRepeatBytes];
  for (int64_t r = 0; r < repeat; ++r) {
    gather(ub, src, src_active, r, in);
    convert_lanes(machine, to, out, from, in, static_cast<size_t>(lanes), mode);
    scatter(ub, dst, dst_active, r, out);
  }
  return {};
}

Status execute_Vcadd(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Sum, false); }
Status execute_Vcmax(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Max, false); }
Status execute_Vcmin(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Min, false); }
Status execute_Vcgadd(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Sum, true); }
Status execute_Vcgmax(Machine& machine, const Instr& instr) { return reduce(machine, instr, Reduction::Max, true); }

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
