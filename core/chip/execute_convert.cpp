// SPDX-License-Identifier: Apache-2.0
// Conversions between element types with every rounding mode.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/chip/lanes.h"
#include "core/chip/strided.h"

namespace npu {
namespace {

std::string_view type_name(VecType type) { return kVecTypeNames[static_cast<size_t>(type)]; }

bool has(TypeSet set, VecType type) { return set >> static_cast<int>(type) & 1; }

// Types besides the classic six only have the public pairs.
bool pair_exists(VecType to, VecType from) {
  if (to == from) return to == VecType::F32;
  if (to == VecType::BF16) return from == VecType::F32;
  if (from == VecType::BF16) return to == VecType::F32 || to == VecType::S32;
  constexpr TypeSet kWide = types({VecType::F32, VecType::S32});
  if (to == VecType::S64) return has(kWide, from);
  if (from == VecType::S64) return has(kWide, to);
  if (to == VecType::S4) return from == VecType::F16;
  if (from == VecType::S4) return to == VecType::F16;
  return true;
}

double round_to_integral(double value, RoundMode mode) {
  switch (mode) {
    case RoundMode::Nearest: return std::nearbyint(value);
    case RoundMode::Floor: return std::floor(value);
    case RoundMode::Ceil: return std::ceil(value);
    case RoundMode::Trunc: return std::trunc(value);
    case RoundMode::Away: return std::round(value);
    case RoundMode::Odd: {
      const double kept = std::trunc(value);
      return kept != value && std::fmod(kept, 2.0) == 0 ? kept + (value < 0 ? -1 : 1) : kept;
    }
  }
  return value;
}

// A binary floating-point format: bits behind the point, exponent of the smallest normal number, largest finite value.
struct Format {
  int fraction;
  int least_exponent;
  double largest;
};
constexpr Format kHalf{10, -14, 65504}, kBfloat{7, -126, 0x1.fep127}, kSingle{23, -126, 0x1.fffffep127};

// `value` (not NaN) as one of the format's numbers; beyond the largest finite one: infinity, or that one where the mode
// rounds toward zero.
double round_to_format(double value, const Format& format, RoundMode mode) {
  if (value == 0 || std::isinf(value)) return value;
  const int exponent = std::max(std::ilogb(value), format.least_exponent) - format.fraction;
  const double rounded = std::copysign(std::ldexp(round_to_integral(std::ldexp(value, -exponent), mode), exponent), value);
  if (std::fabs(rounded) <= format.largest) return rounded;
  const bool toward_zero = mode == RoundMode::Trunc || mode == RoundMode::Odd || (mode == RoundMode::Floor && value > 0) || (mode == RoundMode::Ceil && value < 0);
  return std::copysign(toward_zero ? format.largest : INFINITY, value);
}

uint16_t to_half(double value, RoundMode mode, float limit) {
  if (value != value) return 0x7e00;
  return float_to_half_bits(static_cast<float>(std::clamp<double>(round_to_format(value, kHalf, mode), -limit, limit)));
}

uint16_t to_bfloat(double value, RoundMode mode) {
  return value != value ? uint16_t{0x7fc0} : float_to_bfloat_bits(static_cast<float>(round_to_format(value, kBfloat, mode)));
}

float to_float(double value, RoundMode mode) {
  return value != value ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(round_to_format(value, kSingle, mode));
}

// An integer of more bits than a double holds: what is cut off is kept as one bit below, which no rounding can mistake.
double sticky(int64_t value) {
  const bool negative = value < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (magnitude >> 52 != 0) magnitude = magnitude >> 12 << 12 | uint64_t{(magnitude & 0xfff) != 0} << 12;
  return negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
}

template <class T>
T to_integer(double value, RoundMode mode) {
  if (value != value) return 0;
  const double rounded = round_to_integral(value, mode);
  // 2^63 - 1 is no double: compare with the power of two.
  if (rounded >= std::ldexp(1.0, std::numeric_limits<T>::digits)) return std::numeric_limits<T>::max();
  if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(rounded);
}

// Every type that vconv knows.
double source_lane(VecType type, const std::byte* lanes, int lane) {
  switch (type) {
    case VecType::BF16: return bfloat_bits_to_float(load_lane<uint16_t>(lanes, lane));
    case VecType::S64: return sticky(load_lane<int64_t>(lanes, lane));
    default: return read_lane(type, lanes, lane);
  }
}

void convert_lane(VecType to, std::byte* out, VecType from, const std::byte* in, int lane, RoundMode mode, float limit) {
  const double value = source_lane(from, in, lane);
  switch (to) {
    case VecType::F16: return store_lane(out, lane, to_half(value, mode, limit));
    case VecType::BF16: return store_lane(out, lane, to_bfloat(value, mode));
    case VecType::F32: {
      const double integral = from == VecType::F32 && !std::isinf(value) && value == value ? std::copysign(round_to_integral(value, mode), value) : value;
      return store_lane(out, lane, to_float(integral, mode));
    }
    case VecType::S32: return store_lane(out, lane, to_integer<int32_t>(value, mode));
    case VecType::S16: return store_lane(out, lane, to_integer<int16_t>(value, mode));
    case VecType::U8: return store_lane(out, lane, to_integer<uint8_t>(value, mode));
    case VecType::S8: return store_lane(out, lane, to_integer<int8_t>(value, mode));
    default: return store_lane(out, lane, to_integer<int64_t>(value, mode));
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

// Two lanes a byte, 64 a block.
Status convert_s4(Machine& machine, const Instr& instr, bool to_s4) {
  using namespace field;
  const auto& arg = instr.arg;
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const auto half_at = [&](int64_t base, int64_t blk, int64_t rep, int64_t r, int64_t lane) { return base + (r * rep + lane / 16 * blk) * kBlockBytes + lane % 16 * 2; };
  const auto byte_at = [&](int64_t base, int64_t blk, int64_t rep, int64_t r, int64_t lane) { return base + (r * rep + lane / 64 * blk) * kBlockBytes + lane % 64 / 2; };
  for (int64_t r = 0; r < arg[kCvRepeat]; ++r) {
    std::array<int64_t, 128> result{};
    for (int lane = 0; lane < 128; ++lane) {
      if (!lane_active(machine.issue, lane)) continue;
      const auto from = to_s4 ? half_at(arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], r, lane) : byte_at(arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], r, lane);
      NPU_CHECK(ub.check_written(from, from + (to_s4 ? 2 : 1)));
      if (to_s4) {
        const double value = half_bits_to_float(load_lane<uint16_t>(ub.at(from), 0));
        result[static_cast<size_t>(lane)] = std::clamp(to_integer<int16_t>(value, static_cast<RoundMode>(arg[kCvRound])), int16_t{-8}, int16_t{7});
      } else {
        const int nibble = load_lane<uint8_t>(ub.at(from), 0) >> lane % 2 * 4 & 15;
        result[static_cast<size_t>(lane)] = float_to_half_bits(static_cast<float>(nibble >= 8 ? nibble - 16 : nibble));
      }
    }
    for (int lane = 0; lane < 128; ++lane) {
      if (!lane_active(machine.issue, lane)) continue;
      const auto at = to_s4 ? byte_at(arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], r, lane) : half_at(arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], r, lane);
      if (to_s4) {
        const int shift = lane % 2 * 4;
        const int old = load_lane<uint8_t>(ub.at(at), 0);
        store_lane(ub.at(at), 0, static_cast<uint8_t>((old & ~(15 << shift)) | (result[static_cast<size_t>(lane)] & 15) << shift));
      } else {
        store_lane(ub.at(at), 0, static_cast<uint16_t>(result[static_cast<size_t>(lane)]));
      }
      ub.mark_written(at, at + (to_s4 ? 1 : 2));
    }
  }
  return {};
}

// Through contiguous lanes, repeat by repeat.
template <class Convert>
void each_repeat(Machine& machine, const VectorOperand& dst, const VectorOperand& src, int lanes, int64_t repeat, Convert convert) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const ActiveLanes dst_active(machine.issue, lanes, dst.size), src_active(machine.issue, lanes, src.size);
  alignas(64) std::byte in[kRepeatBytes] = {}, out[kRepeatBytes];
  for (int64_t r = 0; r < repeat; ++r) {
    gather(ub, src, src_active, r, in);
    convert(out, in);
    scatter(ub, dst, dst_active, r, out);
  }
}

}  // namespace

Status execute_Vconv(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto to = static_cast<VecType>(arg[kCvDstType]), from = static_cast<VecType>(arg[kCvSrcType]);
  if (!pair_exists(to, from)) return invalid(fmt::format("vconv from {} to {} does not exist", type_name(from), to == from ? "itself" : type_name(to)));
  constexpr TypeSet kNew = types({VecType::BF16, VecType::S64, VecType::S4});
  for (const VecType type : {to, from})
    if (has(kNew, type) && machine.limits.arch != Arch::C220) return invalid(fmt::format("{} has no {}: that is on c220 (910B)", machine.limits.name, type_name(type)));
  if (to == VecType::S4 || from == VecType::S4) return convert_s4(machine, instr, to == VecType::S4);
  const int dst_size = vec_type_size(to), src_size = vec_type_size(from), lanes = repeat_lanes(std::max(dst_size, src_size));
  const VectorOperand dst{arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], dst_size}, src{arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], src_size};
  const ActiveLanes dst_active(machine.issue, lanes, dst_size), src_active(machine.issue, lanes, src_size);
  const auto mode = static_cast<RoundMode>(arg[kCvRound]);
  const int64_t repeat = arg[kCvRepeat];
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_read(ub, src, src_active, lanes, repeat));
  mark_written(ub, dst, dst_active, lanes, repeat);

  const ByteRange read = vector_hull(src, machine.issue, lanes, repeat), written = vector_hull(dst, machine.issue, lanes, repeat);
  const bool overlap = read.begin < written.end && written.begin < read.end;
  if (!overlap && dst_active.full && contiguous(dst, lanes) && contiguous(src, lanes)) {
    convert_lanes(machine, to, ub.at(dst.base), from, ub.at(src.base), static_cast<size_t>(repeat * lanes), mode);
    return {};
  }
  each_repeat(machine, dst, src, lanes, repeat, [&](std::byte* out, const std::byte* in) { convert_lanes(machine, to, out, from, in, static_cast<size_t>(lanes), mode); });
  return {};
}

Status execute_VconvDeq(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  constexpr int kLanes = 64;
  const VectorOperand dst{arg[kDqDst], arg[kDqDstBlk], arg[kDqDstRep], 2}, src{arg[kDqSrc], arg[kDqSrcBlk], arg[kDqSrcRep], 4};
  const ActiveLanes dst_active(machine.issue, kLanes, 2), src_active(machine.issue, kLanes, 4);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(check_read(ub, src, src_active, kLanes, arg[kDqRepeat]));
  mark_written(ub, dst, dst_active, kLanes, arg[kDqRepeat]);
  const double scale = half_bits_to_float(static_cast<uint16_t>(arg[kDqScale]));  // the product is exact in a double
  each_repeat(machine, dst, src, kLanes, arg[kDqRepeat], [&](std::byte* out, const std::byte* in) {
    for (int lane = 0; lane < kLanes; ++lane) store_lane(out, lane, to_half(load_lane<int32_t>(in, lane) * scale, RoundMode::Nearest, machine.half_limit));
  });
  return {};
}

}  // namespace npu
