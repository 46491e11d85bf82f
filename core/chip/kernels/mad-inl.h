// SPDX-License-Identifier: Apache-2.0
// The cube's inner loop for one Highway target.
#if defined(NPU_KERNELS_MAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_MAD_INL_H
#undef NPU_KERNELS_MAD_INL_H
#else
#define NPU_KERNELS_MAD_INL_H
#endif

#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/half-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

// Rows and vectors of the register block; both measured (tests/bench/chip_bench.cpp). A fractal has 16 rows: what the
// block leaves over is a smaller block.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kRows = 8, kVectors = 2, kUnroll = 4;   // 8 x 32
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kRows = 4, kVectors = 2, kUnroll = 4;   // 4 x 16
#elif defined(__wasm_relaxed_simd__)
inline constexpr int kRows = 6, kVectors = 2, kUnroll = 1;   // 6 x 8
#else
inline constexpr int kRows = 4, kVectors = 2, kUnroll = 1;   // 4 x 8
#endif

#ifdef __wasm_relaxed_simd__
inline constexpr bool kRelaxed = true;
#else
inline constexpr bool kRelaxed = false;
#endif

// The product of two fp16 values is exact in fp32, so fused and unfused give the same bits.
HWY_INLINE VF32 multiply_add(VF32 a, VF32 b, VF32 sum) {
#ifdef __wasm_relaxed_simd__
  return VF32{__builtin_wasm_relaxed_madd_f32x4(a.raw, b.raw, sum.raw)};
#else
  return hn::MulAdd(a, b, sum);
#endif
}

// Vector v of a block starts so many elements after the block's first one, in L0B; in L0C fractals lie c_stride apart.
constexpr size_t within_fractal(int v) { return static_cast<size_t>(v) * kLanes % 16; }
constexpr size_t fractal_of(int v) { return static_cast<size_t>(v) * kLanes / 16; }

struct MadBlock {
  const float* a;
  const float* b;
  const float* bias;
  float* c;
  size_t c_stride;         // elements between fractals side by side in n
  const MadArgs& args;
};

template <int R, int NV>
HWY_INLINE void mad_step(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, VF32 (&acc)[R][NV]) {
  const F32 d;
  VF32 column[NV];
  HWY_UNROLL(16)
  for (int v = 0; v < NV; ++v) column[v] = hn::LoadU(d, b + fractal_of(v) * kFractal + within_fractal(v));
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    const VF32 row = hn::Set(d, a[r * 16]);
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v) acc[r][v] = multiply_add(row, column[v], acc[r][v]);
  }
}

template <int R, int NV>
HWY_NOINLINE void mad_block(const MadBlock& block) {
  const F32 d;
  const MadArgs& args = block.args;
  VF32 acc[R][NV];
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v) {
      if (args.start == MadStart::FromC) acc[r][v] = hn::LoadU(d, block.c + fractal_of(v) * block.c_stride + within_fractal(v) + r * 16);
      else if (args.start == MadStart::Bias) acc[r][v] = hn::LoadU(d, block.bias + fractal_of(v) * 16 + within_fractal(v));
      else acc[r][v] = hn::Zero(d);
    }
  }
  const size_t b_step = static_cast<size_t>(args.n1) * kFractal;
  const float* HWY_RESTRICT a = block.a;
  const float* HWY_RESTRICT b = block.b;
  for (int64_t k1 = 0; k1 < args.k1; ++k1, a += kFractal, b += b_step) {
    const float* HWY_RESTRICT ak = a;
    const float* HWY_RESTRICT bk = b;
    const float* const end = a + args.k_steps[k1];
    for (; ak + kUnroll <= end; ak += kUnroll, bk += kUnroll * 16) {
      HWY_UNROLL(16)
      for (int k = 0; k < kUnroll; ++k) mad_step<R, NV>(ak + k, bk + k * 16, acc);
    }
    if constexpr (kUnroll > 1)
      for (; ak < end; ++ak, bk += 16) mad_step<R, NV>(ak, bk, acc);
  }
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v)
      hn::StoreU(acc[r][v], d, block.c + fractal_of(v) * block.c_stride + within_fractal(v) + r * 16);
  }
}

// Rows [first, first + R * n) of one fractal, then the rest with smaller blocks.
template <int R, int NV>
HWY_INLINE void mad_rows(MadBlock& block, int64_t rows) {
  for (; rows >= R; rows -= R, block.a += R * 16, block.c += R * 16) mad_block<R, NV>(block);
  if constexpr (R > 1) mad_rows<(R > 4 && R % 4 == 0 ? R / 2 : R - 1), NV>(block, rows);
}

// Columns [column, column + NV * kLanes) for every row of the instruction.
template <int NV>
HWY_INLINE void mad_columns(const MadArgs& args, int64_t column) {
  const int64_t m1 = (args.m + 15) / 16;
  const int64_t fractal = column / 16, within = column % 16;
  for (int64_t i = 0; i < m1; ++i) {
    MadBlock block{args.a + i * args.k1 * kFractal, args.b + fractal * kFractal + within,
                   args.bias ? args.bias + column : nullptr, args.c + (fractal * m1 + i) * kFractal + within,
                   static_cast<size_t>(m1) * kFractal, args};
    mad_rows<kRows, NV>(block, HWY_MIN(args.m - i * 16, int64_t{16}));
  }
}

// The last fractal's rows from m on hold the start value.
HWY_INLINE void fill_unused_rows(const MadArgs& args) {
  const int64_t m1 = (args.m + 15) / 16, used = args.m % 16;
  if (used == 0 || args.start == MadStart::FromC) return;
  for (int64_t n = 0; n < args.n1; ++n)
    for (int64_t row = used; row < 16; ++row)
      for (int64_t i = 0; i < 16; ++i)
        args.c[((n + 1) * m1 - 1) * kFractal + row * 16 + i] = args.start == MadStart::Bias ? args.bias[n * 16 + i] : 0.0f;
}

inline void mad(const MadArgs& args) {
  constexpr int64_t kWidth = static_cast<int64_t>(kVectors * kLanes);
  const int64_t columns = args.n1 * 16;
  int64_t column = 0;
  for (; column + kWidth <= columns; column += kWidth) mad_columns<kVectors>(args, column);
  if constexpr (kWidth > 16)
    for (; column < columns; column += 16) mad_columns<1>(args, column);
  fill_unused_rows(args);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
