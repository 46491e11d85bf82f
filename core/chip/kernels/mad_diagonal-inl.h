// SPDX-License-Identifier: Apache-2.0
// mad for a B whose fractals are diagonal, as depthwise convolutions have them: 16 of 256 products a fractal are not zero.
#if defined(NPU_KERNELS_MAD_DIAGONAL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_MAD_DIAGONAL_INL_H
#undef NPU_KERNELS_MAD_DIAGONAL_INL_H
#else
#define NPU_KERNELS_MAD_DIAGONAL_INL_H
#endif

#include "core/chip/kernels/mad-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

inline constexpr int kDiagonalRows = 16 * kLanes / 64;  // with 16 columns: 4 vectors of 4 lanes, or 4 rows of 16
inline constexpr int kColumnVectors = 16 / kLanes;

// Leaving out a product of zero changes nothing where A is finite and no sum is -0; a sum that starts elsewhere never is.
// False, and C is left alone, where that does not hold.
HWY_INLINE bool mad_diagonal_rows(const MadArgs& args, const float* a, const float* diagonal, float* c) {
  const F32 d;
  VF32 acc[kDiagonalRows][kColumnVectors];
  auto minus_zero = hn::MaskFalse(d);
  for (int r = 0; r < kDiagonalRows; ++r)
    for (int v = 0; v < kColumnVectors; ++v) {
      acc[r][v] = hn::Zero(d);
      if (args.start == MadStart::Zero) continue;
      acc[r][v] = hn::LoadU(d, args.start == MadStart::Bias ? args.bias + v * kLanes : c + r * 16 + v * kLanes);
      const auto bits = hn::BitCast(U32(), acc[r][v]);
      minus_zero = hn::Or(minus_zero, hn::RebindMask(d, hn::Eq(bits, hn::Set(U32(), 0x80000000u))));
    }
  VF32 zero_sum = hn::Zero(d);
  for (int64_t k1 = 0; k1 < args.k1; ++k1, a += kFractal, diagonal += 16)
    for (int v = 0; v < kColumnVectors; ++v) {
      const VF32 weights = hn::LoadU(d, diagonal + v * kLanes);
      for (int r = 0; r < kDiagonalRows; ++r) {
        const VF32 values = hn::LoadU(d, a + r * 16 + v * kLanes);
        acc[r][v] = multiply_add(values, weights, acc[r][v]);
        zero_sum = multiply_add(values, hn::Zero(d), zero_sum);  // NaN once a value is not finite
      }
    }
  if (!hn::AllFalse(d, hn::Or(minus_zero, hn::IsNaN(zero_sum)))) return false;
  for (int r = 0; r < kDiagonalRows; ++r)
    for (int v = 0; v < kColumnVectors; ++v) hn::StoreU(acc[r][v], d, c + r * 16 + v * kLanes);
  return true;
}

// args.n1 is 1; diagonal: 16 values for each k1.
inline void mad_diagonal(const MadArgs& args, const float* diagonal) {
  for (int64_t row = 0; row < args.m; row += kDiagonalRows) {
    const int64_t first = row / 16 * args.k1 * kFractal + row % 16 * 16;
    float* const c = args.c + row * 16;
    const int64_t rows = HWY_MIN(args.m - row, int64_t{kDiagonalRows});
    if (rows == kDiagonalRows && mad_diagonal_rows(args, args.a + first, diagonal, c)) continue;
    for (size_t column = 0; column < 16; column += kLanes) {
      MadBlock block{args.a + first, args.b + column, args.bias ? args.bias + column : nullptr, c + column, 0, args};
      mad_rows<kRows, 1>(block, rows);
    }
  }
  fill_unused_rows(args);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
