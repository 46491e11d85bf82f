// SPDX-License-Identifier: Apache-2.0
// 16x16 transpose of 2-byte elements for one Highway target.
#if defined(NPU_KERNELS_TRANSPOSE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_TRANSPOSE_INL_H
#undef NPU_KERNELS_TRANSPOSE_INL_H
#else
#define NPU_KERNELS_TRANSPOSE_INL_H
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Three rounds of interleaving; pitches in elements. Reads everything before it writes.
HWY_INLINE void transpose_8x8(const uint16_t* src, int64_t src_pitch, uint16_t* dst, int64_t dst_pitch) {
  const hn::FixedTag<uint16_t, 8> d16;
  const hn::FixedTag<uint32_t, 4> d32;
  const hn::FixedTag<uint64_t, 2> d64;
  using V = hn::Vec<decltype(d16)>;
  V row[8], pair[8], quad[8];
  HWY_UNROLL(8)
  for (int i = 0; i < 8; ++i) row[i] = hn::LoadU(d16, src + i * src_pitch);
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    pair[2 * i] = hn::InterleaveLower(d16, row[2 * i], row[2 * i + 1]);
    pair[2 * i + 1] = hn::InterleaveUpper(d16, row[2 * i], row[2 * i + 1]);
  }
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    const int first = i / 2 * 4 + i % 2;
    const auto a = hn::BitCast(d32, pair[first]), b = hn::BitCast(d32, pair[first + 2]);
    quad[i / 2 * 4 + i % 2 * 2] = hn::BitCast(d16, hn::InterleaveLower(d32, a, b));
    quad[i / 2 * 4 + i % 2 * 2 + 1] = hn::BitCast(d16, hn::InterleaveUpper(d32, a, b));
  }
  HWY_UNROLL(4)
  for (int i = 0; i < 4; ++i) {
    const auto a = hn::BitCast(d64, quad[i]), b = hn::BitCast(d64, quad[4 + i]);
    hn::StoreU(hn::BitCast(d16, hn::InterleaveLower(d64, a, b)), d16, dst + 2 * i * dst_pitch);
    hn::StoreU(hn::BitCast(d16, hn::InterleaveUpper(d64, a, b)), d16, dst + (2 * i + 1) * dst_pitch);
  }
}

// src and dst must not overlap.
HWY_INLINE void transpose_16x16(const uint16_t* src, int64_t src_pitch, uint16_t* dst, int64_t dst_pitch) {
  for (int64_t i = 0; i < 16; i += 8)
    for (int64_t j = 0; j < 16; j += 8) transpose_8x8(src + i * src_pitch + j, src_pitch, dst + j * dst_pitch + i, dst_pitch);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
