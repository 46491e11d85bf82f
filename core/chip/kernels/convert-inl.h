// SPDX-License-Identifier: Apache-2.0
// Conversions that 8-bit models make often, for one Highway target; all round to nearest even and saturate.
#if defined(NPU_KERNELS_CONVERT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_CONVERT_INL_H
#undef NPU_KERNELS_CONVERT_INL_H
#else
#define NPU_KERNELS_CONVERT_INL_H
#endif

#include "core/chip/kernels/half-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

// Calls block(src, dst) for 16 elements at a time; the rest goes through buffers.
template <class In, class Out, class Block>
HWY_INLINE void in_sixteens(const In* src, Out* dst, size_t count, Block block) {
  for (; count >= 16; count -= 16, src += 16, dst += 16) block(src, dst);
  if (count == 0) return;
  In in[16] = {};
  Out out[16];
  std::memcpy(in, src, count * sizeof(In));
  block(in, out);
  std::memcpy(dst, out, count * sizeof(Out));
}

// A byte's fp32 form has no more than 8 significant bits: its half is what is left after dropping zeros.
template <class Byte>
void byte_to_half(const Byte* src, uint16_t* dst, size_t count) {
  const auto block = [](const Byte* in, uint16_t* out) HWY_ATTR {
    const I32 di;
    const hn::Rebind<Byte, I32> d8;
    const hn::Rebind<uint16_t, U32> d16;
    for (size_t i = 0; i < 16; i += kLanes) {
      const auto bits = hn::BitCast(U32(), hn::ConvertTo(F32(), hn::PromoteTo(di, hn::LoadU(d8, in + i))));
      const auto magnitude = hn::And(hn::ShiftRight<13>(bits), hn::Set(U32(), 0x3ffff));
      const auto half = hn::IfThenZeroElse(hn::Eq(bits, hn::Zero(U32())), hn::Sub(magnitude, hn::Set(U32(), 112 << 10)));
      const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(U32(), 0x8000));
      hn::StoreU(hn::TruncateTo(d16, hn::Or(half, sign)), d16, out + i);
    }
  };
  in_sixteens(src, dst, count, block);
}

// fp32 to s32; NaN becomes 0.
HWY_INLINE hn::Vec<I32> nearest_s32(VF32 value) {
  const VF32 number = hn::IfThenElseZero(hn::Eq(value, value), value);
  const VF32 limit = hn::Set(F32(), 2147483648.0f);
  const auto inside = hn::NearestInt(hn::Max(hn::Min(number, hn::Set(F32(), 2147483520.0f)), hn::Neg(limit)));
  return hn::IfThenElse(hn::RebindMask(I32(), hn::Ge(number, limit)), hn::Set(I32(), 0x7fffffff), inside);
}

template <class Byte>
void half_to_byte(const uint16_t* src, Byte* dst, size_t count) {
  const auto block = [](const uint16_t* in, Byte* out) HWY_ATTR {
    const VF32 low = hn::Set(F32(), std::is_signed_v<Byte> ? -128.0f : 0.0f), high = hn::Set(F32(), std::is_signed_v<Byte> ? 127.0f : 255.0f);
    const VF32 magic = hn::Set(F32(), 12582912.0f);  // 1.5 * 2^23: the sum's low bits are the rounded value
    const hn::Rebind<uint8_t, U32> d8;
    float values[16];
    copy_blocks(in, 16, values, 1);
    for (size_t i = 0; i < 16; i += kLanes) {
      const VF32 value = hn::LoadU(F32(), values + i);
      const VF32 number = hn::IfThenElseZero(hn::Eq(value, value), value);
      const VF32 sum = hn::Add(hn::Max(hn::Min(number, high), low), magic);
      hn::StoreU(hn::TruncateTo(d8, hn::BitCast(U32(), sum)), d8, reinterpret_cast<uint8_t*>(out) + i);
    }
  };
  in_sixteens(src, dst, count, block);
}

inline void float_to_s32(const float* src, int32_t* dst, size_t count) {
  const auto block = [](const float* in, int32_t* out) HWY_ATTR {
    for (size_t i = 0; i < 16; i += kLanes) hn::StoreU(nearest_s32(hn::LoadU(F32(), in + i)), I32(), out + i);
  };
  in_sixteens(src, dst, count, block);
}

// Beyond 2^24 fp32 rounds a first time; those overflow fp16 anyway.
inline void s32_to_half(const int32_t* src, uint16_t* dst, size_t count, float limit) {
  const auto block = [limit](const int32_t* in, uint16_t* out) HWY_ATTR {
    VF32 values[16 / kLanes];
    for (size_t v = 0; v < 16 / kLanes; ++v) values[v] = hn::ConvertTo(F32(), hn::LoadU(I32(), in + v * kLanes));
    store_half_16(values, out, hn::Set(F32(), limit));
  };
  in_sixteens(src, dst, count, block);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
