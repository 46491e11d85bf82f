// SPDX-License-Identifier: Apache-2.0
// The inner loops behind L0: loads into L0A/L0B, mad, copies out of L0C.
//
// L0A and L0B hold their contents unpacked, converted once on entry: a fractal's row of 32 bytes becomes 16 words of 32 bits,
// floats for f16 and bf16 (f32 has 8), pairs of int16 for s8 and u8, four int8 for s4. Word (m, w) of an L0A fractal is at
// m*16 + w; word (n, w) of an L0B fractal is at w*16 + n, so that mad reads 16 n side by side. "k" below counts words.
// L0C's words are fp32 or s32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace npu::kernels {

inline constexpr int kFractal = 256;  // words

enum class Element : uint8_t { F16, BF16, F32, S8, U8, S4 };
inline constexpr int kElements = 6;

// What mad does with a word of A and a word of B.
enum class Product : uint8_t {
  Half,    // one product, exact in fp32 (f16)
  Single,  // one product, rounded (bf16, f32)
  Hf32,    // the same with operands rounded to 10 fraction bits
  Pairs,   // two int16 products
  Quads,   // four int8 products
};
inline constexpr int kProducts = 5;

enum class MadStart : uint8_t { FromC, Zero, Bias };

// C[n1][m1][16][16] = start + sum over ascending k of A[m1][k1][16 m][16 k] * B[k1][n1][16 k][16 n].
// Rows from m on are set to the start value (FromC: left alone).
struct MadArgs {
  float* c = nullptr;
  const float* a = nullptr;
  const float* b = nullptr;
  const float* bias = nullptr;        // n1*16 values when start is Bias
  int64_t m = 0;                      // rows computed
  int64_t k1 = 0;
  int64_t n1 = 0;
  MadStart start = MadStart::Zero;
  const uint8_t* k_steps = nullptr;   // for each k1: how many of its 16 k are taken ...
  const uint8_t* k_of_four = nullptr; // ... and of each four of those so many; null: all
};

// Sixteen columns of L0C on their way to 8 or 16 bits: rows of 16 words.
struct QuantArgs {
  const float* src = nullptr;
  const float* scale = nullptr;       // 16
  const int32_t* offset = nullptr;    // 16; 8-bit results only
  bool from_s32 = true;               // else fp32
  bool relu = false;
  bool to_s8 = false;                 // 8-bit results: else u8
  float limit = 65504;                // f16 results: as in float_to_half
  int64_t rows = 0;
  std::byte* dst = nullptr;
  int64_t pitch = 32;                 // bytes from row to row
};

// Rows [first_m, first_m + m) and column blocks [first_k1, first_k1 + k1) of the virtual img2col matrix.
struct Img2ColArgs {
  float* dst = nullptr;               // L0A, [m1][k1][16][16]
  const uint16_t* src = nullptr;      // L1, [c1][h][w] of 32 bytes, small: [h][w] of 4 elements
  float pad_row[16] = {};             // what a pixel outside the map becomes
  int64_t fm_h = 0, fm_w = 0;
  int64_t pad_left = 0, pad_top = 0;
  int64_t stride_w = 0, stride_h = 0;
  int64_t filter_w = 0, filter_h = 0;
  int64_t dilation_w = 0, dilation_h = 0;
  int64_t out_w = 0;
  int64_t first_k1 = 0, k1 = 0;
  int64_t first_m = 0, m = 0;         // m: a multiple of 16
  int64_t real_m = 0;                 // rows from here on are zero
  bool small = false;                 // 4 channels of 1 or 2 bytes: a column block is 8 or 4 taps, zeros past the last
};

struct CubeKernels {
  const char* target;                 // "AVX3", "WASM", ...
  bool relaxed;                       // compiled with relaxed SIMD
  void (*mad)(const MadArgs&);                      // Product::Half
  void (*mad_as[kProducts])(const MadArgs&);        // by Product
  // n1 is 1 and B is zero but for its fractals' diagonals: 16 values for each k1. The same bits as mad.
  void (*mad_diagonal)(const MadArgs&, const float* diagonal);
  // Product::Pairs where B's fractals hold a diagonal only: B[k1][n1][n][k] is 0 but for k == n + 16*upper[n1]; values
  // [n1][k1][16]. The same bits as mad.
  void (*mad_diagonal_pairs)(const MadArgs&, const int16_t* values, const uint8_t* upper);
  void (*img2col[kElements])(const Img2ColArgs&);
  // One fractal [16 rows][32 bytes] into the L0A / L0B order; transposed (types of 2 bytes): the source is its transpose.
  void (*load_a[kElements])(const uint16_t* src, float* dst, bool transpose);
  void (*load_b[kElements])(const uint16_t* src, float* dst, bool transpose);
  // The columns of 16 that do not hold +0 in every row, column 0 in the lowest bit; `fractals` fractals of 16 rows of 16
  // columns, `stride` elements apart.
  uint32_t (*used_columns)(const float* fractal, int64_t fractals, int64_t stride);
  void (*half_to_float)(const uint16_t* src, float* dst, size_t count);
  // Round to nearest even; magnitudes from `limit` on give `limit` (65504), or infinity (limit 65536). NaN: 0x7e00.
  void (*float_to_half)(const float* src, uint16_t* dst, size_t count, float limit);
  void (*relu_float_to_half)(const float* src, uint16_t* dst, size_t count, float limit);
  void (*float_to_bf16)(const float* src, uint16_t* dst, size_t count, bool relu);  // NaN: 0x7fc0
  void (*quantize)(const QuantArgs&);     // 16 bytes a row
  void (*dequantize)(const QuantArgs&);   // 16 halves a row
  // To nearest even, saturating; NaN gives 0.
  void (*u8_to_half)(const uint8_t* src, uint16_t* dst, size_t count);
  void (*s8_to_half)(const int8_t* src, uint16_t* dst, size_t count);
  void (*half_to_u8)(const uint16_t* src, uint8_t* dst, size_t count);
  void (*half_to_s8)(const uint16_t* src, int8_t* dst, size_t count);
  void (*float_to_s32)(const float* src, int32_t* dst, size_t count);
  void (*s32_to_half)(const int32_t* src, uint16_t* dst, size_t count, float limit);
  // Canonical NaN: 0x7fc00000.
  void (*copy_float)(const float* src, float* dst, size_t count);
  void (*relu_float)(const float* src, float* dst, size_t count);
};

// The best table this machine can run.
const CubeKernels& cube_kernels();
// One table for each target this machine can run, for tests that compare them; not while other threads start using kernels.
std::vector<CubeKernels> all_cube_kernels();

}  // namespace npu::kernels
