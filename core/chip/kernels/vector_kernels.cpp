// SPDX-License-Identifier: Apache-2.0
#include "core/chip/kernels/vector_kernels.h"

#include <bit>

#include "core/chip/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/chip/kernels/vector_kernels.cpp"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"

#include "core/base/half.h"
#include "core/chip/kernels/half-inl.h"
#include "core/chip/kernels/math-inl.h"
#include "core/chip/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {
namespace {

// What one lane computes in fp32: (src0, src1, dst).
struct Add { static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32) { return hn::Add(a, b); } };
struct Sub { static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32) { return hn::Sub(a, b); } };
struct Mul { static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32) { return hn::Mul(a, b); } };
struct Div { static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32) { return hn::Div(a, b); } };
struct MulAdd { static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32 sum) { return hn::Add(sum, hn::Mul(a, b)); } };
struct LeakyRelu {
  static HWY_INLINE VF32 run(VF32 a, VF32 b, VF32) { return hn::IfThenElse(hn::Ge(a, hn::Zero(F32())), a, hn::Mul(a, b)); }
};
struct Exp {
  static HWY_INLINE VF32 run(VF32 a, VF32, VF32) { return exp_f32(a); }
  static HWY_INLINE hn::Mask<F32> is_ordinary(VF32 a) { return exp_is_normal(a); }
  static HWY_INLINE VF32 run_ordinary(VF32 a) { return exp_normal_f32(a); }
};
struct Ln { static HWY_INLINE VF32 run(VF32 a, VF32, VF32) { return ln_f32(a); } };
struct Rec { static HWY_INLINE VF32 run(VF32 a, VF32, VF32) { return hn::Div(constant(1.0f), a); } };
struct Sqrt { static HWY_INLINE VF32 run(VF32 a, VF32, VF32) { return hn::Sqrt(a); } };
struct Rsqrt { static HWY_INLINE VF32 run(VF32 a, VF32, VF32) { return hn::Div(constant(1.0f), hn::Sqrt(a)); } };

enum Operands { kOne, kTwo, kTwoAndDst };

template <class Op, Operands kOperands, bool kScalar, bool kSpecial>
HWY_INLINE void arithmetic_f16_blocks(const uint16_t* src0, const uint16_t* src1, uint16_t* dst, size_t lanes, float scalar, VF32 limit) {
  constexpr size_t kVectors = 16 / kLanes;
  VF32 a[kVectors], b[kVectors], c[kVectors];
  for (size_t i = 0; i < kVectors; ++i) a[i] = c[i] = hn::Zero(F32()), b[i] = constant(scalar);
  for (size_t lane = 0; lane < lanes; lane += 16) {
    load_half_16<kSpecial>(src0 + lane, a);
    if constexpr (kOperands >= kTwo && !kScalar) load_half_16<kSpecial>(src1 + lane, b);
    if (kOperands == kTwoAndDst) load_half_16<kSpecial>(dst + lane, c);
    for (size_t i = 0; i < kVectors; ++i) a[i] = Op::run(a[i], b[i], c[i]);
    store_half_16(a, dst + lane, limit);
  }
}

template <class Op, Operands kOperands, bool kScalar>
void arithmetic_f16(const VectorArgs& args) {
  constexpr size_t kStep = kRepeatBytes / 2;
  const auto* src0 = static_cast<const uint16_t*>(args.src0);
  const auto* src1 = static_cast<const uint16_t*>(args.src1);
  auto* dst = static_cast<uint16_t*>(args.dst);
  const float scalar = half_bits_to_float(static_cast<uint16_t>(args.scalar));
  const VF32 limit = constant(args.limit);
  for (size_t lane = 0; lane < args.bytes / 2; lane += kStep) {
    const uint16_t* const second = kOperands >= kTwo && !kScalar ? src1 + lane : nullptr;
    const bool special = any_special(src0 + lane, kStep / 16, 16) || (second && any_special(second, kStep / 16, 16)) ||
                         (kOperands == kTwoAndDst && any_special(dst + lane, kStep / 16, 16));
    if (HWY_UNLIKELY(special)) arithmetic_f16_blocks<Op, kOperands, kScalar, true>(src0 + lane, second, dst + lane, kStep, scalar, limit);
    else arithmetic_f16_blocks<Op, kOperands, kScalar, false>(src0 + lane, second, dst + lane, kStep, scalar, limit);
  }
}

// A repeat of operands that all take the short way, where the operation has one.
template <class Op>
HWY_INLINE bool ordinary_repeat(const float* src, float* dst) {
  if constexpr (requires { Op::is_ordinary(VF32{}); }) {
    constexpr size_t kStep = kRepeatBytes / 4;
    auto all = Op::is_ordinary(hn::LoadU(F32(), src));
    for (size_t lane = kLanes; lane < kStep; lane += kLanes) all = hn::And(all, Op::is_ordinary(hn::LoadU(F32(), src + lane)));
    if (!hn::AllTrue(F32(), all)) return false;
    for (size_t lane = 0; lane < kStep; lane += kLanes) hn::StoreU(Op::run_ordinary(hn::LoadU(F32(), src + lane)), F32(), dst + lane);
    return true;
  }
  return false;
}

template <class Op, Operands kOperands, bool kScalar>
void arithmetic_f32(const VectorArgs& args) {
  const F32 d;
  const auto* src0 = static_cast<const float*>(args.src0);
  const auto* src1 = static_cast<const float*>(args.src1);
  auto* dst = static_cast<float*>(args.dst);
  VF32 b = constant(std::bit_cast<float>(args.scalar)), c = hn::Zero(d);
  // A NaN is rare, and dst may be a source: whether there is one is asked once for a repeat.
  constexpr size_t kStep = kRepeatBytes / 4;
  for (size_t first = 0; first < args.bytes / 4; first += kStep) {
    if (ordinary_repeat<Op>(src0 + first, dst + first)) continue;
    auto nan = hn::MaskFalse(d);
    for (size_t lane = first; lane < first + kStep; lane += kLanes) {
      if (kOperands >= kTwo && !kScalar) b = hn::LoadU(d, src1 + lane);
      if (kOperands == kTwoAndDst) c = hn::LoadU(d, dst + lane);
      const VF32 result = Op::run(hn::LoadU(d, src0 + lane), b, c);
      nan = hn::Or(nan, hn::IsNaN(result));
      hn::StoreU(result, d, dst + lane);
    }
    if (HWY_LIKELY(hn::AllFalse(d, nan))) continue;
    for (size_t lane = first; lane < first + kStep; lane += kLanes) hn::StoreU(canonical_nan(hn::LoadU(d, dst + lane)), d, dst + lane);
  }
}

// Floats as integers that compare as the floats do (-0 below +0): the magnitude's bits are flipped where the sign is set.
template <class D>
HWY_INLINE hn::Vec<D> ordered(D d, hn::Vec<D> bits) {
  using T = hn::TFromD<D>;
  return hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), hn::Set(d, static_cast<T>(std::numeric_limits<T>::max()))));
}

template <class T>
struct FloatBits;
template <>
struct FloatBits<int16_t> { static constexpr int16_t kInfinity = 0x7c00, kNaN = 0x7e00; };
template <>
struct FloatBits<int32_t> { static constexpr int32_t kInfinity = 0x7f800000, kNaN = 0x7fc00000; };

template <class D>
HWY_INLINE hn::Mask<D> is_nan_bits(D d, hn::Vec<D> bits) {
  using T = hn::TFromD<D>;
  return hn::Gt(hn::And(bits, hn::Set(d, std::numeric_limits<T>::max())), hn::Set(d, FloatBits<T>::kInfinity));
}

// Operations on the bits of fp16 or fp32 lanes: no conversion, and 16 bits are twice as many lanes.
struct MaxBits {
  template <class D, class V>
  static HWY_INLINE V run(D d, V a, V b) { return choose(d, a, b, hn::Max(ordered(d, a), ordered(d, b))); }
  template <class D, class V>
  static HWY_INLINE V choose(D d, V a, V b, V key) {
    const auto nan = hn::Or(is_nan_bits(d, a), is_nan_bits(d, b));
    return hn::IfThenElse(nan, hn::Set(d, FloatBits<hn::TFromD<D>>::kNaN), ordered(d, key));
  }
};
struct MinBits {
  template <class D, class V>
  static HWY_INLINE V run(D d, V a, V b) { return MaxBits::choose(d, a, b, hn::Min(ordered(d, a), ordered(d, b))); }
};
struct ReluBits {
  template <class D, class V>
  static HWY_INLINE V run(D d, V a, V) {
    return hn::IfThenElse(is_nan_bits(d, a), hn::Set(d, FloatBits<hn::TFromD<D>>::kNaN), hn::Max(a, hn::Zero(d)));
  }
};
struct AbsBits {
  template <class D, class V>
  static HWY_INLINE V run(D d, V a, V) {
    using T = hn::TFromD<D>;
    return hn::IfThenElse(is_nan_bits(d, a), hn::Set(d, FloatBits<T>::kNaN), hn::And(a, hn::Set(d, std::numeric_limits<T>::max())));
  }
};

// Integer arithmetic wraps.
struct AddInt { template <class D, class V> static HWY_INLINE V run(D, V a, V b) { return hn::Add(a, b); } };
struct SubInt { template <class D, class V> static HWY_INLINE V run(D, V a, V b) { return hn::Sub(a, b); } };
struct MulInt { template <class D, class V> static HWY_INLINE V run(D, V a, V b) { return hn::Mul(a, b); } };
struct MaxInt { template <class D, class V> static HWY_INLINE V run(D, V a, V b) { return hn::Max(a, b); } };
struct MinInt { template <class D, class V> static HWY_INLINE V run(D, V a, V b) { return hn::Min(a, b); } };
struct ReluInt { template <class D, class V> static HWY_INLINE V run(D d, V a, V) { return hn::Max(a, hn::Zero(d)); } };
struct AbsInt { template <class D, class V> static HWY_INLINE V run(D, V a, V) { return hn::Abs(a); } };

template <class Op, class T, Operands kOperands, bool kScalar>
void on_bits(const VectorArgs& args) {
  const hn::CappedTag<T, 64 / sizeof(T)> d;
  const auto* src0 = static_cast<const T*>(args.src0);
  const auto* src1 = static_cast<const T*>(args.src1);
  auto* dst = static_cast<T*>(args.dst);
  auto b = hn::Set(d, static_cast<T>(args.scalar));
  for (size_t lane = 0; lane < args.bytes / sizeof(T); lane += hn::Lanes(d)) {
    if (kOperands >= kTwo && !kScalar) b = hn::LoadU(d, src1 + lane);
    hn::StoreU(Op::run(d, hn::LoadU(d, src0 + lane), b), d, dst + lane);
  }
}

constexpr size_t at(VectorOp op) { return static_cast<size_t>(op); }
constexpr size_t at(VecType type) { return static_cast<size_t>(type); }

template <class Op, Operands kOperands>
constexpr void set_arithmetic(VectorKernels& table, VectorOp op) {
  table.vector[at(op)][at(VecType::F16)] = arithmetic_f16<Op, kOperands, false>;
  table.vector[at(op)][at(VecType::F32)] = arithmetic_f32<Op, kOperands, false>;
  if constexpr (kOperands == kOne) return;
  table.scalar[at(op)][at(VecType::F16)] = arithmetic_f16<Op, kOperands, true>;
  table.scalar[at(op)][at(VecType::F32)] = arithmetic_f32<Op, kOperands, true>;
}

template <class Op, Operands kOperands>
constexpr void set_bits(VectorKernels& table, VectorOp op, VecType wide, VecType narrow) {
  table.vector[at(op)][at(wide)] = on_bits<Op, int32_t, kOperands, false>;
  table.vector[at(op)][at(narrow)] = on_bits<Op, int16_t, kOperands, false>;
  if constexpr (kOperands == kOne) return;
  table.scalar[at(op)][at(wide)] = on_bits<Op, int32_t, kOperands, true>;
  table.scalar[at(op)][at(narrow)] = on_bits<Op, int16_t, kOperands, true>;
}

void transpose(const uint16_t* src, int64_t src_pitch, uint16_t* dst, int64_t dst_pitch) { transpose_16x16(src, src_pitch, dst, dst_pitch); }

}  // namespace

VectorKernels vector_table() {
  VectorKernels table{};
  set_arithmetic<Add, kTwo>(table, VectorOp::Add);
  set_arithmetic<Sub, kTwo>(table, VectorOp::Sub);
  set_arithmetic<Mul, kTwo>(table, VectorOp::Mul);
  set_arithmetic<Div, kTwo>(table, VectorOp::Div);
  set_arithmetic<MulAdd, kTwoAndDst>(table, VectorOp::MulAdd);
  set_arithmetic<LeakyRelu, kTwo>(table, VectorOp::LeakyRelu);
  set_arithmetic<Exp, kOne>(table, VectorOp::Exp);
  set_arithmetic<Ln, kOne>(table, VectorOp::Ln);
  set_arithmetic<Rec, kOne>(table, VectorOp::Rec);
  set_arithmetic<Sqrt, kOne>(table, VectorOp::Sqrt);
  set_arithmetic<Rsqrt, kOne>(table, VectorOp::Rsqrt);
  set_bits<MaxBits, kTwo>(table, VectorOp::Max, VecType::F32, VecType::F16);
  set_bits<MinBits, kTwo>(table, VectorOp::Min, VecType::F32, VecType::F16);
  set_bits<ReluBits, kOne>(table, VectorOp::Relu, VecType::F32, VecType::F16);
  set_bits<AbsBits, kOne>(table, VectorOp::Abs, VecType::F32, VecType::F16);
  set_bits<AddInt, kTwo>(table, VectorOp::Add, VecType::S32, VecType::S16);
  set_bits<SubInt, kTwo>(table, VectorOp::Sub, VecType::S32, VecType::S16);
  set_bits<MulInt, kTwo>(table, VectorOp::Mul, VecType::S32, VecType::S16);
  set_bits<MaxInt, kTwo>(table, VectorOp::Max, VecType::S32, VecType::S16);
  set_bits<MinInt, kTwo>(table, VectorOp::Min, VecType::S32, VecType::S16);
  set_bits<ReluInt, kOne>(table, VectorOp::Relu, VecType::S32, VecType::S16);
  set_bits<AbsInt, kOne>(table, VectorOp::Abs, VecType::S32, VecType::S16);
  table.transpose = transpose;
  return table;
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npu::kernels {

HWY_EXPORT(vector_table);

const VectorKernels& vector_kernels() {
  static const VectorKernels table = HWY_DYNAMIC_DISPATCH(vector_table)();
  return table;
}

std::vector<VectorKernels> all_vector_kernels() {
  std::vector<VectorKernels> tables;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::GetChosenTarget().Update(target);
    tables.push_back(HWY_DYNAMIC_DISPATCH(vector_table)());
  }
  hwy::GetChosenTarget().DeInit();
  return tables;
}

}  // namespace npu::kernels
#endif
