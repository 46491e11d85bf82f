// SPDX-License-Identifier: Apache-2.0
// What L0 holds in place of 32-byte blocks, for one Highway target (cube_kernels.h says what that is).
#if defined(NPU_KERNELS_UNPACK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_UNPACK_INL_H
#undef NPU_KERNELS_UNPACK_INL_H
#else
#define NPU_KERNELS_UNPACK_INL_H
#endif

#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/half-inl.h"
#include "core/chip/kernels/transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

// 32 bytes to 32 int16.
template <class Byte>
HWY_INLINE void widen_block(const uint16_t* src, float* dst) {
  const hn::CappedTag<int16_t, 32> d;
  const hn::Rebind<Byte, decltype(d)> narrow;
  const auto* bytes = reinterpret_cast<const Byte*>(src);
  auto* pairs = reinterpret_cast<int16_t*>(dst);
  HWY_UNROLL(4)
  for (size_t i = 0; i < 32; i += hn::MaxLanes(d)) hn::StoreU(hn::PromoteTo(d, hn::LoadU(narrow, bytes + i)), d, pairs + i);
}

HWY_INLINE void widen_nibbles(const uint16_t* src, float* dst) {
  const hn::FixedTag<int8_t, 16> d;
  const auto* bytes = reinterpret_cast<const int8_t*>(src);
  auto* quads = reinterpret_cast<int8_t*>(dst);
  for (int i = 0; i < 32; i += 16) {
    const auto both = hn::LoadU(d, bytes + i);
    const auto low = hn::ShiftRight<4>(hn::ShiftLeft<4>(both)), high = hn::ShiftRight<4>(both);
    hn::StoreU(hn::InterleaveLower(d, low, high), d, quads + 2 * i);
    hn::StoreU(hn::InterleaveUpper(d, low, high), d, quads + 2 * i + 16);
  }
}

HWY_INLINE void widen_bf16(const uint16_t* src, float* dst) {
  const hn::Rebind<uint16_t, U32> narrow;
  for (size_t i = 0; i < 16; i += kLanes)
    hn::StoreU(hn::BitCast(F32(), hn::ShiftLeft<16>(hn::PromoteTo(U32(), hn::LoadU(narrow, src + i)))), F32(), dst + i);
}

HWY_INLINE void widen_f32(const uint16_t* src, float* dst) {
  for (int i = 0; i < 8; ++i) std::memcpy(dst + i, src + 2 * i, 4), dst[8 + i] = 0;
}

// Blocks of 32 bytes, `step` 2-byte units apart, to rows of 16 words.
template <Element E>
HWY_INLINE void unpack(const uint16_t* src, int64_t step, float* dst, int64_t blocks) {
  if constexpr (E == Element::F16) return copy_blocks(src, step, dst, blocks);
  for (int64_t i = 0; i < blocks; ++i, src += step, dst += 16) {
    if constexpr (E == Element::S8) widen_block<int8_t>(src, dst);
    if constexpr (E == Element::U8) widen_block<uint8_t>(src, dst);
    if constexpr (E == Element::S4) widen_nibbles(src, dst);
    if constexpr (E == Element::BF16) widen_bf16(src, dst);
    if constexpr (E == Element::F32) widen_f32(src, dst);
  }
}

template <Element E>
void load_fractal(const uint16_t* src, float* dst, bool transpose) {
  if (!transpose) return unpack<E>(src, 16, dst, 16);
  alignas(64) uint16_t turned[kFractal];
  transpose_16x16(src, 16, turned, 16);
  unpack<E>(turned, 16, dst, 16);
}

// A word of L0B is what unpacks from 2 bytes, but for f32.
template <Element E>
void load_fractal_b(const uint16_t* src, float* dst, bool transpose) {
  if constexpr (E != Element::F32) return load_fractal<E>(src, dst, !transpose);
  for (int n = 0; n < 16; ++n)
    for (int k = 0; k < 8; ++k) std::memcpy(dst + k * 16 + n, src + (n * 8 + k) * 2, 4);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
