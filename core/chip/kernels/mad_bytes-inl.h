// SPDX-License-Identifier: Apache-2.0
// mad of 8-bit operands where the machine adds four products of an unsigned and a signed byte to a word at once. L0's pairs of
// int16 are packed to bytes for it: a few instructions a fractal against half of its products saved.
#if defined(NPU_KERNELS_MAD_BYTES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_MAD_BYTES_INL_H
#undef NPU_KERNELS_MAD_BYTES_INL_H
#else
#define NPU_KERNELS_MAD_BYTES_INL_H
#endif

#include "core/chip/kernels/mad-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

#if HWY_TARGET <= HWY_AVX3_DL

inline constexpr int64_t kMostFractals = 128;        // of each operand; L0 has no more
inline constexpr int64_t kPackedFractal = kFractal / 2;  // words
inline constexpr int64_t kPackedRow = 8;

using U8 = hn::Repartition<uint8_t, I32>;
using S8 = hn::Repartition<int8_t, I32>;

// One fractal row of m: [k1][16 rows][8 words] of bytes; `flip` is exclusively or-ed to each.
HWY_INLINE void pack_a(const float* a, int64_t k1, int64_t rows, uint8_t flip, uint8_t* packed) {
  const hn::CappedTag<uint16_t, 32> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto mask = hn::Set(d8, flip);
  for (int64_t k = 0; k < k1; ++k)
    for (int64_t r = 0; r < rows; ++r)
      hn::StoreU(hn::Xor(hn::TruncateTo(d8, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(a + k * kFractal + r * 16))), mask), d8,
                 packed + (k * 16 + r) * kPackedRow * 4);
}

// Whether some value is below 0.
HWY_INLINE bool any_negative(const MadArgs& args) {
  const I32 d;
  auto bits = hn::Zero(d);
  for (int64_t i = 0; i < args.m; i += 16)
    for (int64_t k = 0; k < args.k1; ++k) {
      const float* const fractal = args.a + (i / 16 * args.k1 + k) * kFractal;
      const int64_t rows = HWY_MIN(args.m - i, int64_t{16});
      for (int64_t at = 0; at < rows * 16; at += static_cast<int64_t>(kLanes)) bits = hn::Or(bits, hn::LoadU(d, reinterpret_cast<const int32_t*>(fractal + at)));
    }
  return !hn::AllFalse(d, hn::Ne(hn::And(bits, hn::Set(d, static_cast<int32_t>(0x80008000u))), hn::Zero(d)));
}

// Words of two int16 side by side in k to words of four bytes, [k1][n1][8][16 n]. False where a value is no int8.
HWY_INLINE bool pack_b(const MadArgs& args, int32_t* packed) {
  const I32 d;
  const hn::Repartition<int16_t, I32> d16;
  const auto low = hn::Set(d, 0xff), next = hn::Set(d, 0xff00);
  auto foreign = hn::Zero(d16);
  const auto two_bytes = [&](hn::Vec<I32> pair) HWY_ATTR {
    const auto values = hn::BitCast(d16, pair);
    foreign = hn::Or(foreign, hn::Xor(values, hn::ShiftRight<8>(hn::ShiftLeft<8>(values))));
    return hn::Or(hn::And(pair, low), hn::And(hn::ShiftRight<8>(pair), next));
  };
  for (int64_t f = 0; f < args.k1 * args.n1; ++f) {
    const auto* const from = reinterpret_cast<const int32_t*>(args.b + f * kFractal);
    for (int64_t w = 0; w < 8; ++w)
      for (int64_t n = 0; n < 16; n += static_cast<int64_t>(kLanes)) {
        const auto first = two_bytes(hn::LoadU(d, from + 2 * w * 16 + n)), second = two_bytes(hn::LoadU(d, from + (2 * w + 1) * 16 + n));
        hn::StoreU(hn::Or(first, hn::ShiftLeft<16>(second)), d, packed + f * kPackedFractal + w * 16 + n);
      }
  }
  return hn::AllTrue(d16, hn::Eq(foreign, hn::Zero(d16)));
}

HWY_INLINE hn::Vec<I32> add_products(hn::Vec<I32> a, hn::Vec<I32> b, hn::Vec<I32> sum) {
  return hn::SumOfMulQuadAccumulate(I32(), hn::BitCast(U8(), a), hn::BitCast(S8(), b), sum);
}

struct ByteBlock {
  const MadArgs& args;
  const int32_t* b;      // packed, of the block's first column
  const int32_t* shift;  // of the block's columns: what flipping the sign bits of A added
  int64_t c_stride;      // words between fractals side by side in n
};

// R rows by V fractals of columns.
template <int R, int V>
HWY_INLINE void byte_block(const ByteBlock& block, const int32_t* a, int32_t* c, const int32_t* bias) {
  const I32 d;
  const MadArgs& args = block.args;
  hn::Vec<I32> acc[R][V];
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < V; ++v) {
      acc[r][v] = hn::Zero(d);
      if (args.start == MadStart::FromC) acc[r][v] = hn::LoadU(d, c + v * block.c_stride + r * 16);
      else if (args.start == MadStart::Bias) acc[r][v] = hn::LoadU(d, bias + v * 16);
      acc[r][v] = hn::Sub(acc[r][v], hn::LoadU(d, block.shift + v * 16));
    }
  }
  const int32_t* b = block.b;
  for (int64_t k = 0; k < args.k1; ++k, a += 16 * kPackedRow, b += args.n1 * kPackedFractal) {
    const int64_t words = (args.k_steps[k] + 1) / 2;
    for (int64_t w = 0; w < words; ++w) {
      hn::Vec<I32> column[V];
      HWY_UNROLL(16)
      for (int v = 0; v < V; ++v) column[v] = hn::LoadU(d, b + v * kPackedFractal + w * 16);
      HWY_UNROLL(16)
      for (int r = 0; r < R; ++r) {
        const auto row = hn::Set(d, a[r * kPackedRow + w]);
        HWY_UNROLL(16)
        for (int v = 0; v < V; ++v) acc[r][v] = add_products(row, column[v], acc[r][v]);
      }
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < V; ++v) hn::StoreU(acc[r][v], d, c + v * block.c_stride + r * 16);
  }
}

template <int V>
HWY_NOINLINE void byte_rows(const ByteBlock& block, const int32_t* a, int32_t* c, const int32_t* bias, int64_t rows) {
  for (; rows >= 8; rows -= 8, a += 8 * kPackedRow, c += 8 * 16) byte_block<8, V>(block, a, c, bias);
  for (; rows >= 4; rows -= 4, a += 4 * kPackedRow, c += 4 * 16) byte_block<4, V>(block, a, c, bias);
  for (; rows >= 1; --rows, a += kPackedRow, c += 16) byte_block<1, V>(block, a, c, bias);
}

// 128 times the sum of each column, over the k that are taken.
HWY_INLINE void column_shifts(const MadArgs& args, const int32_t* b, int32_t* shift) {
  const I32 d;
  const auto flipped = hn::Set(d, static_cast<int32_t>(0x80808080u));
  for (int64_t n = 0; n < args.n1; ++n) {
    auto sum = hn::Zero(d);
    for (int64_t k = 0; k < args.k1; ++k)
      for (int64_t w = 0; w < (args.k_steps[k] + 1) / 2; ++w) sum = add_products(flipped, hn::LoadU(d, b + (k * args.n1 + n) * kPackedFractal + w * 16), sum);
    hn::StoreU(sum, d, shift + n * 16);
  }
}

// Product::Pairs.
inline void mad_bytes(const MadArgs& args) {
  static_assert(kLanes == 16);
  alignas(64) int32_t b[kMostFractals * kPackedFractal], shift[kMostFractals * 16];
  alignas(64) uint8_t a[kMostFractals * kPackedFractal * 4];
  if (args.m < 4 || args.k1 * args.n1 > kMostFractals || args.k1 > kMostFractals || !pack_b(args, b)) return mad<PairsProduct>(args);
  const bool is_signed = any_negative(args);
  if (is_signed) column_shifts(args, b, shift);
  else std::memset(shift, 0, static_cast<size_t>(args.n1) * 64);
  const int64_t m1 = (args.m + 15) / 16;
  for (int64_t i = 0; i < m1; ++i) {
    const int64_t rows = HWY_MIN(args.m - i * 16, int64_t{16});
    pack_a(args.a + i * args.k1 * kFractal, args.k1, rows, is_signed ? 0x80 : 0, a);
    const auto* const words = reinterpret_cast<const int32_t*>(a);
    for (int64_t n = 0; n < args.n1;) {
      const ByteBlock block{args, b + n * kPackedFractal, shift + n * 16, m1 * kFractal};
      auto* const c = reinterpret_cast<int32_t*>(args.c + (n * m1 + i) * kFractal);
      const auto* const bias = args.bias ? reinterpret_cast<const int32_t*>(args.bias) + n * 16 : nullptr;
      if (n + 2 <= args.n1) byte_rows<2>(block, words, c, bias, rows), n += 2;
      else byte_rows<1>(block, words, c, bias, rows), n += 1;
    }
  }
  fill_unused_rows(args);
}

#else

inline void mad_bytes(const MadArgs& args) { mad<PairsProduct>(args); }

#endif

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
