// SPDX-License-Identifier: Apache-2.0
// Bitwise operations, shifts, and the fused arithmetic of newer chips, lane by lane.
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "core/chip/element_wise.h"
#include "core/chip/lanes.h"

namespace npu {
namespace {

using kernels::VectorArgs;

template <class F>
void on_halfwords(const VectorArgs& args, F&& f) {
  auto* dst = static_cast<std::byte*>(args.dst);
  for (size_t at = 0; at < args.bytes; at += 8) {
    uint64_t a, b = 0;
    std::memcpy(&a, static_cast<const std::byte*>(args.src0) + at, 8);
    if (args.src1) std::memcpy(&b, static_cast<const std::byte*>(args.src1) + at, 8);
    const uint64_t result = f(a, b);
    std::memcpy(dst + at, &result, 8);
  }
}

void bit_and(const VectorArgs& args) {
  on_halfwords(args, [](uint64_t a, uint64_t b) { return a & b; });
}
void bit_or(const VectorArgs& args) {
  on_halfwords(args, [](uint64_t a, uint64_t b) { return a | b; });
}
void bit_not(const VectorArgs& args) {
  on_halfwords(args, [](uint64_t a, uint64_t) { return ~a; });
}

// scalar: the distance, and in bit 8 whether to round.
template <class T>
void shift_left(const VectorArgs& args) {
  using U = std::make_unsigned_t<T>;
  for (size_t i = 0; i < args.bytes / sizeof(T); ++i) {
    const auto value = static_cast<uint64_t>(load_lane<U>(static_cast<const std::byte*>(args.src0), static_cast<int64_t>(i)));
    store_lane(static_cast<std::byte*>(args.dst), static_cast<int64_t>(i), static_cast<U>(value << args.scalar));
  }
}
template <class T>
void shift_right(const VectorArgs& args) {
  const uint32_t distance = args.scalar & 0xff;
  const bool round = args.scalar >> 8 != 0 && distance > 0;
  for (size_t i = 0; i < args.bytes / sizeof(T); ++i) {
    const int64_t value = load_lane<T>(static_cast<const std::byte*>(args.src0), static_cast<int64_t>(i));
    const int64_t shifted = (value >> distance) + (round ? value >> (distance - 1) & 1 : 0);
    store_lane(static_cast<std::byte*>(args.dst), static_cast<int64_t>(i), static_cast<T>(shifted));
  }
}

float relu(float value) { return value > 0 || value != value ? value : 0.0f; }

// f(src0, src1, dst), everything in fp32, one rounding.
template <VecType kType, class F>
void on_floats(const VectorArgs& args, F&& f) {
  auto* dst = static_cast<std::byte*>(args.dst);
  const auto* src0 = static_cast<const std::byte*>(args.src0);
  const auto* src1 = static_cast<const std::byte*>(args.src1);
  for (int64_t i = 0; i < static_cast<int64_t>(args.bytes) / vec_type_size(kType); ++i)
    store_float_lane(kType, dst, i, f(float_lane(kType, src0, i), float_lane(kType, src1, i), float_lane(kType, dst, i)), args.limit);
}
template <VecType kType>
void mul_add_to(const VectorArgs& args) {
  on_floats<kType>(args, [](float a, float b, float c) { return a * c + b; });
}
template <VecType kType>
void mul_add_relu(const VectorArgs& args) {
  on_floats<kType>(args, [](float a, float b, float c) { return relu(a * c + b); });
}
template <VecType kType>
void add_relu(const VectorArgs& args) {
  on_floats<kType>(args, [](float a, float b, float) { return relu(a + b); });
}
template <VecType kType>
void sub_relu(const VectorArgs& args) {
  on_floats<kType>(args, [](float a, float b, float) { return relu(a - b); });
}
template <bool kSubtract>
void s16_relu(const VectorArgs& args) {
  for (int64_t i = 0; i < static_cast<int64_t>(args.bytes) / 2; ++i) {
    const int a = load_lane<int16_t>(static_cast<const std::byte*>(args.src0), i), b = load_lane<int16_t>(static_cast<const std::byte*>(args.src1), i);
    const auto result = static_cast<int16_t>(kSubtract ? a - b : a + b);
    store_lane(static_cast<std::byte*>(args.dst), i, result > 0 ? result : int16_t{0});
  }
}

Status binary(Machine& machine, const Instr& instr, kernels::VectorKernel kernel, bool reads_dst = false) {
  using namespace field;
  const auto& arg = instr.arg;
  ElementWise work{.kernel = kernel, .type = static_cast<VecType>(arg[kBiType]), .sources = 2, .reads_dst = reads_dst, .repeat = arg[kBiRepeat]};
  const int size = vec_type_size(work.type);
  work.dst = {arg[kBiDst], arg[kBiDstBlk], arg[kBiDstRep], size};
  work.src[0] = {arg[kBiSrc0], arg[kBiSrc0Blk], arg[kBiSrc0Rep], size};
  work.src[1] = {arg[kBiSrc1], arg[kBiSrc1Blk], arg[kBiSrc1Rep], size};
  return run_element_wise(machine, work);
}

Status unary(Machine& machine, const Instr& instr, kernels::VectorKernel kernel, uint32_t scalar = 0) {
  using namespace field;
  const auto& arg = instr.arg;
  ElementWise work{.kernel = kernel, .type = static_cast<VecType>(arg[kUnType]), .sources = 1, .scalar = scalar, .repeat = arg[kUnRepeat]};
  const int size = vec_type_size(work.type);
  work.dst = {arg[kUnDst], arg[kUnDstBlk], arg[kUnDstRep], size};
  work.src[0] = {arg[kUnSrc], arg[kUnSrcBlk], arg[kUnSrcRep], size};
  return run_element_wise(machine, work);
}

Status check_distance(const Instr& instr) {
  const auto type = static_cast<VecType>(instr.arg[field::kUnType]);
  const int64_t distance = instr.arg[field::kShDistance], most = vec_type_size(type) * 8;
  if (distance <= most) return {};
  return invalid(fmt::format("distance is {}, allowed are 0 to {} for {}", distance, most, kVecTypeNames[static_cast<size_t>(type)]));
}

bool is_f16(const Instr& instr) { return static_cast<VecType>(instr.arg[0]) == VecType::F16; }

}  // namespace

Status execute_Vand(Machine& machine, const Instr& instr) { return binary(machine, instr, bit_and); }
Status execute_Vor(Machine& machine, const Instr& instr) { return binary(machine, instr, bit_or); }
Status execute_Vnot(Machine& machine, const Instr& instr) { return unary(machine, instr, bit_not); }

Status execute_Vshl(Machine& machine, const Instr& instr) {
  NPU_CHECK(check_distance(instr));
  const bool wide = vec_type_size(static_cast<VecType>(instr.arg[field::kUnType])) == 4;
  return unary(machine, instr, wide ? shift_left<int32_t> : shift_left<int16_t>, static_cast<uint32_t>(instr.arg[field::kShDistance]));
}

Status execute_Vshr(Machine& machine, const Instr& instr) {
  NPU_CHECK(check_distance(instr));
  const auto type = static_cast<VecType>(instr.arg[field::kUnType]);
  const bool is_signed = type == VecType::S16 || type == VecType::S32;
  if (instr.arg[field::kShRound] != 0 && !is_signed)
    return invalid(fmt::format("round is 1, allowed is 0 for {}", kVecTypeNames[static_cast<size_t>(type)]));
  const auto scalar = static_cast<uint32_t>(instr.arg[field::kShDistance] | instr.arg[field::kShRound] << 8);
  switch (type) {
    case VecType::S16: return unary(machine, instr, shift_right<int16_t>, scalar);
    case VecType::U16: return unary(machine, instr, shift_right<uint16_t>, scalar);
    case VecType::S32: return unary(machine, instr, shift_right<int32_t>, scalar);
    default: return unary(machine, instr, shift_right<uint32_t>, scalar);
  }
}

Status execute_Vmadd(Machine& machine, const Instr& instr) {
  return binary(machine, instr, is_f16(instr) ? mul_add_to<VecType::F16> : mul_add_to<VecType::F32>, true);
}
Status execute_Vmaddrelu(Machine& machine, const Instr& instr) {
  return binary(machine, instr, is_f16(instr) ? mul_add_relu<VecType::F16> : mul_add_relu<VecType::F32>, true);
}
Status execute_Vaddrelu(Machine& machine, const Instr& instr) {
  if (static_cast<VecType>(instr.arg[0]) == VecType::S16) return binary(machine, instr, s16_relu<false>);
  return binary(machine, instr, is_f16(instr) ? add_relu<VecType::F16> : add_relu<VecType::F32>);
}
Status execute_Vsubrelu(Machine& machine, const Instr& instr) {
  if (static_cast<VecType>(instr.arg[0]) == VecType::S16) return binary(machine, instr, s16_relu<true>);
  return binary(machine, instr, is_f16(instr) ? sub_relu<VecType::F16> : sub_relu<VecType::F32>);
}

}  // namespace npu
