// SPDX-License-Identifier: Apache-2.0
// L0C's words to 8 and 16 bits by a multiplier for each of 16 columns, for one Highway target.
#if defined(NPU_KERNELS_QUANTIZE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_QUANTIZE_INL_H
#undef NPU_KERNELS_QUANTIZE_INL_H
#else
#define NPU_KERNELS_QUANTIZE_INL_H
#endif

#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/half-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

template <bool kFromS32>
HWY_INLINE VF32 scaled_words(const float* src, VF32 scale) {
  if constexpr (kFromS32) return hn::Mul(hn::ConvertTo(F32(), hn::LoadU(I32(), reinterpret_cast<const int32_t*>(src))), scale);
  return hn::Mul(hn::LoadU(F32(), src), scale);
}

// Adding 1.5 * 2^23 leaves the value, rounded to the nearest even integer, in the low bits of the sum. NaN counts as the lower bound.
template <bool kFromS32, class Byte, size_t kParts = 16 / kLanes>
HWY_INLINE void quantize_rows(const QuantArgs& args) {
  const I32 di;
  const hn::CappedTag<int16_t, 16> d16;
  const hn::Rebind<Byte, decltype(d16)> d8;
  const VF32 low = hn::Set(F32(), args.relu ? 0.0f : -256.0f), high = hn::Set(F32(), 255.0f), magic = hn::Set(F32(), 12582912.0f);
  VF32 scale[kParts];
  hn::Vec<I32> shift[kParts];
  for (size_t v = 0; v < kParts; ++v) {
    scale[v] = hn::LoadU(F32(), args.scale + v * kLanes);
    shift[v] = hn::Sub(hn::LoadU(di, args.offset + v * kLanes), hn::Set(di, 0x4b400000));
  }
  const float* src = args.src;
  auto* dst = reinterpret_cast<Byte*>(args.dst);
  for (int64_t r = 0; r < args.rows; ++r, src += 16, dst += args.pitch) {
    hn::Vec<I32> words[kParts];
    HWY_UNROLL(4)
    for (size_t v = 0; v < kParts; ++v) {
      const VF32 value = scaled_words<kFromS32>(src + v * kLanes, scale[v]);
      const VF32 above = hn::IfThenElse(hn::Gt(value, low), value, low);
      const VF32 inside = hn::IfThenElse(hn::Lt(above, high), above, high);
      words[v] = hn::Add(hn::BitCast(di, hn::Add(inside, magic)), shift[v]);
    }
    if constexpr (kParts == 1) {
      hn::StoreU(hn::DemoteTo(d8, hn::DemoteTo(d16, words[0])), d8, dst);
    } else {
      hn::Vec<decltype(d16)> halves[kParts / 2];
      for (size_t v = 0; v < kParts / 2; ++v) halves[v] = hn::OrderedDemote2To(d16, words[2 * v], words[2 * v + 1]);
      if constexpr (kParts == 2) {
        hn::StoreU(hn::DemoteTo(d8, halves[0]), d8, dst);
      } else {
        const hn::Repartition<Byte, decltype(d16)> both;
        hn::StoreU(hn::OrderedDemote2To(both, halves[0], halves[1]), both, dst);
      }
    }
  }
}

inline void quantize(const QuantArgs& args) {
  if (args.from_s32) args.to_s8 ? quantize_rows<true, int8_t>(args) : quantize_rows<true, uint8_t>(args);
  else args.to_s8 ? quantize_rows<false, int8_t>(args) : quantize_rows<false, uint8_t>(args);
}

inline void dequantize(const QuantArgs& args) {
  constexpr size_t kParts = 16 / kLanes;
  const VF32 limit = hn::Set(F32(), args.limit), zero = hn::Zero(F32());
  VF32 scale[kParts], values[kParts];
  for (size_t v = 0; v < kParts; ++v) scale[v] = hn::LoadU(F32(), args.scale + v * kLanes);
  const float* src = args.src;
  std::byte* dst = args.dst;
  for (int64_t r = 0; r < args.rows; ++r, src += 16, dst += args.pitch) {
    for (size_t v = 0; v < kParts; ++v) {
      values[v] = args.from_s32 ? scaled_words<true>(src + v * kLanes, scale[v]) : scaled_words<false>(src + v * kLanes, scale[v]);
      // -0 and what is below become +0.
      if (args.relu) values[v] = hn::Add(hn::IfThenZeroElse(hn::Lt(values[v], zero), values[v]), zero);
    }
    store_half_16(values, reinterpret_cast<uint16_t*>(dst), limit);
  }
}

inline void float_to_bf16(const float* src, uint16_t* dst, size_t count, bool relu) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, src + i, 4);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    if (relu && !nan && bits >> 31) bits = 0;
    dst[i] = nan ? 0x7fc0 : static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
