// SPDX-License-Identifier: Apache-2.0
#include "core/chip/kernels/cube_kernels.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "core/chip/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/chip/kernels/cube_kernels.cpp"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"

#include "core/chip/kernels/convert-inl.h"
#include "core/chip/kernels/half-inl.h"
#include "core/chip/kernels/img2col-inl.h"
#include "core/chip/kernels/mad-inl.h"
#include "core/chip/kernels/mad_bytes-inl.h"
#include "core/chip/kernels/mad_diagonal-inl.h"
#include "core/chip/kernels/quantize-inl.h"
#include "core/chip/kernels/unpack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {
namespace {

void half_to_float(const uint16_t* src, float* dst, size_t count) {
  for (size_t blocks; (blocks = HWY_MIN(count / 16, size_t{16})) > 0; count -= blocks * 16, src += blocks * 16, dst += blocks * 16)
    copy_blocks(src, 16, dst, static_cast<int64_t>(blocks));
  if (count == 0) return;
  uint16_t tail[16] = {};
  float values[16];
  std::memcpy(tail, src, count * sizeof(uint16_t));
  copy_blocks(tail, 16, values, 1);
  std::memcpy(dst, values, count * sizeof(float));
}

// Adding +0 makes -0 into +0. (A comparison that takes -0 along becomes an instruction that does not in clang 19 for WebAssembly.)
HWY_INLINE VF32 relu(VF32 value) {
  const VF32 zero = hn::Zero(F32());
  return hn::Add(hn::IfThenZeroElse(hn::Lt(value, zero), value), zero);
}

template <bool kRelu>
void store_halves(const float* src, uint16_t* dst, size_t count, float limit) {
  const F32 d;
  const VF32 limits = hn::Set(d, limit);
  VF32 block[16 / kLanes];
  for (; count >= 16; count -= 16, src += 16, dst += 16) {
    for (size_t i = 0; i < 16 / kLanes; ++i) {
      block[i] = hn::LoadU(d, src + i * kLanes);
      if (kRelu) block[i] = relu(block[i]);
    }
    store_half_16(block, dst, limits);
  }
  if (count == 0) return;
  float tail[16] = {};
  uint16_t values[16];
  std::memcpy(tail, src, count * sizeof(float));
  store_halves<kRelu>(tail, values, 16, limit);
  std::memcpy(dst, values, count * sizeof(uint16_t));
}

template <bool kRelu>
void store_floats(const float* src, float* dst, size_t count) {
  const F32 d;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    VF32 value = hn::LoadU(d, src + i);
    if (kRelu) value = relu(value);
    hn::StoreU(canonical_nan(value), d, dst + i);
  }
  if (i == count) return;
  float tail[kLanes] = {};
  std::memcpy(tail, src + i, (count - i) * sizeof(float));
  store_floats<kRelu>(tail, tail, kLanes);
  std::memcpy(dst + i, tail, (count - i) * sizeof(float));
}

uint32_t used_columns(const float* fractal, int64_t fractals, int64_t stride) {
  const U32 d;
  hn::Vec<U32> seen[16 / kLanes];
  for (auto& bits : seen) bits = hn::Zero(d);
  for (int64_t f = 0; f < fractals; ++f, fractal += stride)
    for (size_t row = 0; row < 16; ++row)
      for (size_t i = 0; i < 16 / kLanes; ++i)
        seen[i] = hn::Or(seen[i], hn::BitCast(d, hn::LoadU(F32(), fractal + row * 16 + i * kLanes)));
  uint32_t columns[16];
  for (size_t i = 0; i < 16 / kLanes; ++i) hn::StoreU(seen[i], d, columns + i * kLanes);
  uint32_t used = 0;
  for (uint32_t i = 0; i < 16; ++i) used |= uint32_t{columns[i] != 0} << i;
  return used;
}

constexpr CubeKernels kTable{
    .target = "",
    .relaxed = kRelaxed,
    .mad = mad<HalfProduct>,
    .mad_as = {mad<HalfProduct>, mad<SingleProduct>, mad<Hf32Product>, mad_bytes, mad<QuadsProduct>},
    .mad_diagonal = mad_diagonal,
    .mad_diagonal_pairs = mad_diagonal_pairs,
    .img2col = {img2col<Element::F16>, img2col<Element::BF16>, img2col<Element::F32>, img2col<Element::S8>, img2col<Element::U8>, img2col<Element::S4>},
    .load_a = {load_fractal<Element::F16>, load_fractal<Element::BF16>, load_fractal<Element::F32>, load_fractal<Element::S8>, load_fractal<Element::U8>,
               load_fractal<Element::S4>},
    .load_b = {load_fractal_b<Element::F16>, load_fractal_b<Element::BF16>, load_fractal_b<Element::F32>, load_fractal_b<Element::S8>,
               load_fractal_b<Element::U8>, load_fractal_b<Element::S4>},
    .used_columns = used_columns,
    .half_to_float = half_to_float,
    .float_to_half = store_halves<false>,
    .relu_float_to_half = store_halves<true>,
    .float_to_bf16 = float_to_bf16,
    .quantize = quantize,
    .dequantize = dequantize,
    .u8_to_half = byte_to_half<uint8_t>,
    .s8_to_half = byte_to_half<int8_t>,
    .half_to_u8 = half_to_byte<uint8_t>,
    .half_to_s8 = half_to_byte<int8_t>,
    .float_to_s32 = float_to_s32,
    .s32_to_half = s32_to_half,
    .copy_float = store_floats<false>,
    .relu_float = store_floats<true>,
};

}  // namespace

CubeKernels cube_table() {
  CubeKernels table = kTable;
  table.target = hwy::TargetName(HWY_TARGET);
  return table;
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npu::kernels {

HWY_EXPORT(cube_table);

const CubeKernels& cube_kernels() {
  static const CubeKernels table = HWY_DYNAMIC_DISPATCH(cube_table)();
  return table;
}

std::vector<CubeKernels> all_cube_kernels() {
  std::vector<CubeKernels> tables;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::GetChosenTarget().Update(target);
    tables.push_back(HWY_DYNAMIC_DISPATCH(cube_table)());
  }
  hwy::GetChosenTarget().DeInit();
  return tables;
}

}  // namespace npu::kernels
#endif
