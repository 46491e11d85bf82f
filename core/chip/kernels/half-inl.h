// SPDX-License-Identifier: Apache-2.0
// fp16 <-> fp32 for one Highway target; bit-exact against core/base/half.h but for NaN: to fp32 it stays some NaN,
// to fp16 it becomes 0x7e00.
#if defined(NPU_KERNELS_HALF_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_HALF_INL_H
#undef NPU_KERNELS_HALF_INL_H
#else
#define NPU_KERNELS_HALF_INL_H
#endif

#include <bit>
#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#undef NPU_HAVE_F16C
#if HWY_TARGET <= HWY_AVX2
#define NPU_HAVE_F16C 1
#else
#define NPU_HAVE_F16C 0
#endif

// Sixteen lanes is one 32-byte block: every block of fp16 operands has exactly that many.
using F32 = hn::CappedTag<float, 16>;
using VF32 = hn::Vec<F32>;
using U32 = hn::RebindToUnsigned<F32>;
using I32 = hn::RebindToSigned<F32>;
inline constexpr size_t kLanes = hn::MaxLanes(F32());

// Constants of inner loops. Engines build a WebAssembly vector constant anew at each use, four instructions long; from
// memory it is one operand. (Weak: else the compiler makes it a constant again.)
#if HWY_TARGET == HWY_WASM
template <uint32_t kBits>
[[gnu::weak]] alignas(16) extern const uint32_t kConstantLanes[4] = {kBits, kBits, kBits, kBits};
template <int32_t kValue>
HWY_INLINE hn::Vec<I32> fixed_bits() { return hn::BitCast(I32(), hn::Load(U32(), kConstantLanes<static_cast<uint32_t>(kValue)>)); }
#else
template <int32_t kValue>
HWY_INLINE hn::Vec<I32> fixed_bits() { return hn::Set(I32(), kValue); }
#endif
template <float kValue>
HWY_INLINE VF32 fixed() { return hn::BitCast(F32(), fixed_bits<std::bit_cast<int32_t>(kValue)>()); }

HWY_INLINE VF32 canonical_nan(VF32 value) {
  const F32 d;
  return hn::IfThenElse(hn::IsNaN(value), hn::BitCast(d, fixed_bits<0x7fc00000>()), value);
}

#if NPU_HAVE_F16C

using F16 = hn::Rebind<hwy::float16_t, F32>;
using H16 = hn::Rebind<uint16_t, F32>;

HWY_INLINE bool any_special(const uint16_t*, int64_t, int64_t) { return false; }

template <bool>
HWY_INLINE void load_half_16(const uint16_t* src, VF32* out) {
  for (size_t i = 0; i < 16 / kLanes; ++i)
    out[i] = hn::PromoteTo(F32(), hn::BitCast(F16(), hn::LoadU(H16(), src + i * kLanes)));
}

// As many halves as D has lanes.
template <class D>
HWY_INLINE hn::Vec<D> halves_to_floats(D d, hn::Vec<hn::Rebind<uint16_t, D>> halves) {
  return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), halves));
}

HWY_INLINE void store_half_16(const VF32* in, uint16_t* dst, VF32 limit) {
  for (size_t i = 0; i < 16 / kLanes; ++i) {
    const VF32 clamped = hn::Min(hn::Max(in[i], hn::Neg(limit)), limit);
    const VF32 value = hn::IfThenElse(hn::IsNaN(in[i]), hn::BitCast(F32(), hn::Set(U32(), 0x7fc00000u)), clamped);
    hn::StoreU(hn::BitCast(H16(), hn::DemoteTo(F16(), value)), H16(), dst + i * kLanes);
  }
}

#else

// Halves in the upper 16 bits of each lane. 2^112 moves the exponent from bias 15 to bias 127 (exact, subnormals included).
template <bool kSpecial>
HWY_INLINE VF32 upper_half_to_float(hn::Vec<U32> upper) {
  const F32 d;
  const U32 du;
  const auto shifted = hn::BitCast(du, hn::And(hn::ShiftRight<3>(hn::BitCast(I32(), upper)), fixed_bits<static_cast<int32_t>(0x8fffe000u)>()));
  const VF32 scaled = hn::Mul(hn::BitCast(d, shifted), fixed<0x1.0p112f>());
  if (!kSpecial) return scaled;
  const auto exponent = hn::Set(du, 0x0f800000u);
  const auto special = hn::VecFromMask(du, hn::Eq(hn::And(shifted, exponent), exponent));
  return hn::BitCast(d, hn::Or(hn::BitCast(du, scaled), hn::And(special, hn::Set(du, 0x7f800000u))));
}

// Whether `blocks` blocks of 16 lanes, `step` elements apart, hold an infinity or a NaN. Asked once for many blocks: those
// lanes need two more steps, and a branch for each block costs more than the conversion.
HWY_INLINE bool any_special(const uint16_t* src, int64_t blocks, int64_t step) {
  const hn::Repartition<int16_t, F32> d;
  const auto magnitude = hn::Set(d, 0x7fff);
  auto largest = hn::Zero(d);
  for (int64_t i = 0; i < blocks; ++i, src += step) {
    const auto* lanes = reinterpret_cast<const int16_t*>(src);
    largest = hn::Max(largest, hn::And(hn::LoadU(d, lanes), magnitude));
    largest = hn::Max(largest, hn::And(hn::LoadU(d, lanes + 8), magnitude));
  }
  return !hn::AllFalse(d, hn::Gt(largest, hn::Set(d, 0x7bff)));
}

// kSpecial: any_special() said yes.
template <bool kSpecial>
HWY_INLINE void load_half_16(const uint16_t* src, VF32* out) {
  static_assert(kLanes == 4);
  const hn::Repartition<uint16_t, F32> dh;
  const U32 du;
  const auto zero = hn::Zero(dh);
  const auto low = hn::LoadU(dh, src), high = hn::LoadU(dh, src + 8);
  out[0] = upper_half_to_float<kSpecial>(hn::BitCast(du, hn::InterleaveLower(dh, zero, low)));
  out[1] = upper_half_to_float<kSpecial>(hn::BitCast(du, hn::InterleaveUpper(dh, zero, low)));
  out[2] = upper_half_to_float<kSpecial>(hn::BitCast(du, hn::InterleaveLower(dh, zero, high)));
  out[3] = upper_half_to_float<kSpecial>(hn::BitCast(du, hn::InterleaveUpper(dh, zero, high)));
}

// As many halves as D has lanes.
template <class D>
HWY_INLINE hn::Vec<D> halves_to_floats(D, hn::Vec<hn::Rebind<uint16_t, D>> halves) {
  static_assert(hn::MaxLanes(D()) == kLanes);
  return upper_half_to_float<true>(hn::ShiftLeft<16>(hn::PromoteTo(U32(), halves)));
}

// Adding 2^(exponent + 13) leaves the magnitude, rounded to the half's last place, in the low bits of the sum; the
// exponent is clamped to the half's smallest, which makes subnormals.
HWY_INLINE hn::Vec<I32> float_to_half_lanes(VF32 value, VF32 limit) {
  const F32 d;
  const I32 di;
  const auto bits = hn::BitCast(di, value);
  const auto magnitude = hn::And(bits, fixed_bits<0x7fffffff>()), infinity = fixed_bits<0x7f800000>();
  const auto clamped = hn::Min(magnitude, hn::BitCast(di, limit));  // positive floats are ordered as their bits are
  const auto exponent = hn::Max(hn::And(clamped, infinity), fixed_bits<0x38800000>());
  const auto magic = hn::Add(exponent, fixed_bits<(13 << 23)>());
  const auto sum = hn::BitCast(di, hn::Add(hn::BitCast(d, clamped), hn::BitCast(d, magic)));
  const auto half = hn::Add(hn::Sub(sum, magic), hn::Sub(hn::ShiftRight<13>(exponent), fixed_bits<(113 << 10)>()));
  const auto sign = hn::And(hn::ShiftRight<16>(bits), fixed_bits<0x8000>());
  return hn::IfThenElse(hn::Gt(magnitude, infinity), fixed_bits<0x7e00>(), hn::Or(half, sign));
}

HWY_INLINE void store_half_16(const VF32* in, uint16_t* dst, VF32 limit) {
  const hn::Repartition<uint16_t, F32> dh;
  hn::StoreU(hn::OrderedDemote2To(dh, float_to_half_lanes(in[0], limit), float_to_half_lanes(in[1], limit)), dh, dst);
  hn::StoreU(hn::OrderedDemote2To(dh, float_to_half_lanes(in[2], limit), float_to_half_lanes(in[3], limit)), dh, dst + 8);
}

#endif  // NPU_HAVE_F16C

template <bool kSpecial>
HWY_INLINE void copy_blocks_as(const uint16_t* src, int64_t step, float* dst, int64_t blocks) {
  VF32 block[16 / kLanes];
  for (int64_t i = 0; i < blocks; ++i, src += step, dst += 16) {
    load_half_16<kSpecial>(src, block);
    for (size_t v = 0; v < 16 / kLanes; ++v) hn::StoreU(block[v], F32(), dst + v * kLanes);
  }
}

// Blocks of 16 halves, `step` elements apart, to contiguous floats.
HWY_INLINE void copy_blocks(const uint16_t* src, int64_t step, float* dst, int64_t blocks) {
  if (HWY_UNLIKELY(any_special(src, blocks, step))) copy_blocks_as<true>(src, step, dst, blocks);
  else copy_blocks_as<false>(src, step, dst, blocks);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
