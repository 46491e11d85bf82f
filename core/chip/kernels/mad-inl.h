// SPDX-License-Identifier: Apache-2.0
// The cube's inner loop for one Highway target.
#if defined(NPU_KERNELS_MAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_MAD_INL_H
#undef NPU_KERNELS_MAD_INL_H
#else
#define NPU_KERNELS_MAD_INL_H
#endif

#include <cstring>

#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/half-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

// Rows and vectors of the register block; both measured (tests/bench/chip_bench.cpp). A fractal has 16 rows: what the
// block leaves over is a smaller block.
#if HWY_TARGET <= HWY_AVX3
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

// --- what a word of A and a word of B add to a sum; kRowsOf: rows of the register block ---

struct HalfProduct {
  static constexpr int kRowsOf = kRows;
  using Vector = VF32;
  static HWY_INLINE Vector zero() { return hn::Zero(F32()); }
  static HWY_INLINE Vector load(const float* p) { return hn::LoadU(F32(), p); }
  static HWY_INLINE Vector splat(const float* p) { return hn::Set(F32(), *p); }
  static HWY_INLINE void store(Vector v, float* p) { hn::StoreU(v, F32(), p); }
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) { return multiply_add(a, b, sum); }
};

// Products of bf16 and f32 may be subnormal or too long: they round, everywhere the same.
struct SingleProduct : HalfProduct {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) { return hn::Add(hn::Mul(a, b), sum); }
};

struct Hf32Product : HalfProduct {
  static HWY_INLINE Vector rounded(Vector v) {
    const U32 d;
    const auto bits = hn::BitCast(d, v);
    const auto odd = hn::And(hn::ShiftRight<13>(bits), hn::Set(d, 1));
    const auto near = hn::And(hn::Add(bits, hn::Add(odd, hn::Set(d, 0xfff))), hn::Set(d, 0xffffe000u));
    const auto special = hn::Eq(hn::And(bits, hn::Set(d, 0x7f800000u)), hn::Set(d, 0x7f800000u));
    return hn::BitCast(F32(), hn::IfThenElse(special, bits, near));
  }
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) { return hn::Add(hn::Mul(rounded(a), rounded(b)), sum); }
};

struct PairsProduct {
#if HWY_TARGET <= HWY_AVX2
  static constexpr int kRowsOf = kRows;
#else
  static constexpr int kRowsOf = 4;
#endif
  using I16 = hn::Repartition<int16_t, I32>;
  using Vector = hn::Vec<I32>;
  static HWY_INLINE Vector zero() { return hn::Zero(I32()); }
  static HWY_INLINE Vector load(const float* p) { return hn::LoadU(I32(), reinterpret_cast<const int32_t*>(p)); }
  static HWY_INLINE Vector splat(const float* p) {
    int32_t word;
    std::memcpy(&word, p, sizeof(word));
    return hn::Set(I32(), word);
  }
  static HWY_INLINE void store(Vector v, float* p) { hn::StoreU(v, I32(), reinterpret_cast<int32_t*>(p)); }
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) {
    return hn::Add(sum, hn::WidenMulPairwiseAdd(I32(), hn::BitCast(I16(), a), hn::BitCast(I16(), b)));
  }
};

struct QuadsProduct : PairsProduct {
  static HWY_INLINE Vector add(Vector a, Vector b, Vector sum) {
    const auto odd = [](Vector v) HWY_ATTR { return hn::ShiftRight<8>(hn::BitCast(I16(), v)); };
    const auto even = [](Vector v) HWY_ATTR { return hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(I16(), v))); };
    sum = hn::Add(sum, hn::WidenMulPairwiseAdd(I32(), odd(a), odd(b)));
    return hn::Add(sum, hn::WidenMulPairwiseAdd(I32(), even(a), even(b)));
  }
};

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

template <int R, int NV, class P>
HWY_INLINE void mad_step(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, typename P::Vector (&acc)[R][NV]) {
  typename P::Vector column[NV];
  HWY_UNROLL(16)
  for (int v = 0; v < NV; ++v) column[v] = P::load(b + fractal_of(v) * kFractal + within_fractal(v));
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    const typename P::Vector row = P::splat(a + r * 16);
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v) acc[r][v] = P::add(row, column[v], acc[r][v]);
  }
}

template <int R, int NV, class P>
HWY_NOINLINE void mad_block(const MadBlock& block) {
  const MadArgs& args = block.args;
  typename P::Vector acc[R][NV];
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v) {
      if (args.start == MadStart::FromC) acc[r][v] = P::load(block.c + fractal_of(v) * block.c_stride + within_fractal(v) + r * 16);
      else if (args.start == MadStart::Bias) acc[r][v] = P::load(block.bias + fractal_of(v) * 16 + within_fractal(v));
      else acc[r][v] = P::zero();
    }
  }
  const size_t b_step = static_cast<size_t>(args.n1) * kFractal;
  const float* HWY_RESTRICT a = block.a;
  const float* HWY_RESTRICT b = block.b;
  for (int64_t k1 = 0; k1 < args.k1; ++k1, a += kFractal, b += b_step) {
    const float* HWY_RESTRICT ak = a;
    const float* HWY_RESTRICT bk = b;
    const float* const end = a + args.k_steps[k1];
    const int of_four = args.k_of_four ? args.k_of_four[k1] : 4;
    if (of_four == 3) {
      for (; ak < end; ak += 4, bk += 4 * 16) {
        HWY_UNROLL(3)
        for (int k = 0; k < 3; ++k) mad_step<R, NV, P>(ak + k, bk + k * 16, acc);
      }
      continue;
    }
    if (of_four < 3) {
      for (; ak < end; ak += 4, bk += 4 * 16)
        for (int k = 0; k < of_four; ++k) mad_step<R, NV, P>(ak + k, bk + k * 16, acc);
      continue;
    }
    for (; ak + kUnroll <= end; ak += kUnroll, bk += kUnroll * 16) {
      HWY_UNROLL(16)
      for (int k = 0; k < kUnroll; ++k) mad_step<R, NV, P>(ak + k, bk + k * 16, acc);
    }
    if constexpr (kUnroll > 1)
      for (; ak < end; ++ak, bk += 16) mad_step<R, NV, P>(ak, bk, acc);
  }
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < NV; ++v) P::store(acc[r][v], block.c + fractal_of(v) * block.c_stride + within_fractal(v) + r * 16);
  }
}

// Rows [first, first + R * n) of one fractal, then the rest with smaller blocks.
template <int R, int NV, class P = HalfProduct>
HWY_INLINE void mad_rows(MadBlock& block, int64_t rows) {
  for (; rows >= R; rows -= R, block.a += R * 16, block.c += R * 16) mad_block<R, NV, P>(block);
  if constexpr (R > 1) mad_rows<(R > 4 && R % 4 == 0 ? R / 2 : R - 1), NV, P>(block, rows);
}

// Columns [column, column + NV * kLanes) for every row of the instruction.
template <int NV, class P>
HWY_INLINE void mad_columns(const MadArgs& args, int64_t column) {
  const int64_t m1 = (args.m + 15) / 16;
  const int64_t fractal = column / 16, within = column % 16;
  for (int64_t i = 0; i < m1; ++i) {
    MadBlock block{args.a + i * args.k1 * kFractal, args.b + fractal * kFractal + within,
                   args.bias ? args.bias + column : nullptr, args.c + (fractal * m1 + i) * kFractal + within,
                   static_cast<size_t>(m1) * kFractal, args};
    mad_rows<P::kRowsOf, NV, P>(block, HWY_MIN(args.m - i * 16, int64_t{16}));
  }
}

// The last fractal's rows from m on hold the start value.
HWY_INLINE void fill_unused_rows(const MadArgs& args) {
  const int64_t m1 = (args.m + 15) / 16, used = args.m % 16;
  if (used == 0 || args.start == MadStart::FromC) return;
  for (int64_t n = 0; n < args.n1; ++n)
    for (int64_t row = used; row < 16; ++row) {
      float* const c = args.c + ((n + 1) * m1 - 1) * kFractal + row * 16;
      if (args.start == MadStart::Bias) std::memcpy(c, args.bias + n * 16, 64);
      else std::memset(c, 0, 64);
    }
}

template <class P>
void mad(const MadArgs& args) {
  constexpr int64_t kWidth = static_cast<int64_t>(kVectors * kLanes);
  const int64_t columns = args.n1 * 16;
  int64_t column = 0;
  for (; column + kWidth <= columns; column += kWidth) mad_columns<kVectors, P>(args, column);
  if constexpr (kWidth > 16)
    for (; column < columns; column += 16) mad_columns<1, P>(args, column);
  fill_unused_rows(args);
}

// The weights of one vector of pairs for the even and for the odd channels, the others 0: a pair's sum is then one product.
HWY_INLINE void split_pairs(const int16_t* values, int16_t* even, int16_t* odd) {
  for (int i = 0; i < 16; i += 2) {
    even[i] = values[i], even[i + 1] = 0;
    odd[i] = 0, odd[i + 1] = values[i + 1];
  }
}

// Rows of 16 columns; products and sums are integers, so their order is free.
inline void mad_diagonal_pairs(const MadArgs& args, const int16_t* values, const uint8_t* upper) {
  const hn::CappedTag<int16_t, 16> d16;
  const hn::RepartitionToWide<decltype(d16)> d32;
  constexpr size_t kPart = hn::MaxLanes(d16);
  constexpr int64_t kMost = 32;
  alignas(64) int16_t weights[kMost][2][16];
  const int64_t m1 = (args.m + 15) / 16;
  for (int64_t n = 0; n < args.n1; ++n)
    for (int64_t first = 0; first < args.k1; first += kMost) {
      const int64_t count = HWY_MIN(kMost, args.k1 - first);
      for (int64_t k = 0; k < count; ++k) split_pairs(values + (n * args.k1 + first + k) * 16, weights[k][0], weights[k][1]);
      const bool fresh = first == 0 && args.start != MadStart::FromC;
      for (int64_t m = 0; m < args.m; ++m) {
        const float* const row = args.a + (m / 16 * args.k1 + first) * kFractal + m % 16 * 16 + upper[n] * 8;
        auto* const c = reinterpret_cast<int32_t*>(args.c + (n * m1 + m / 16) * kFractal + m % 16 * 16);
        const auto* const start = args.start == MadStart::Bias ? reinterpret_cast<const int32_t*>(args.bias) + n * 16 : nullptr;
        HWY_UNROLL(2)
        for (size_t part = 0; part < 16; part += kPart) {
          auto even = hn::Zero(d32), odd = hn::Zero(d32);
          if (!fresh) hn::LoadInterleaved2(d32, c + part, even, odd);
          else if (start) hn::LoadInterleaved2(d32, start + part, even, odd);
          for (int64_t k = 0; k < count; ++k) {
            const auto x = hn::LoadU(d16, reinterpret_cast<const int16_t*>(row + k * kFractal) + part);
            even = hn::Add(even, hn::WidenMulPairwiseAdd(d32, x, hn::Load(d16, weights[k][0] + part)));
            odd = hn::Add(odd, hn::WidenMulPairwiseAdd(d32, x, hn::Load(d16, weights[k][1] + part)));
          }
          hn::StoreInterleaved2(even, odd, d32, c + part);
        }
      }
    }
  fill_unused_rows(args);
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
