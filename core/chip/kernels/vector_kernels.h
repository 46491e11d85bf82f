// SPDX-License-Identifier: Apache-2.0
// The inner loops behind UB: element-wise operations on contiguous lanes. Each computes in fp32 and rounds once; a NaN
// result is the canonical one (0x7e00, 0x7fc00000), so that targets agree on its bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/isa/isa.h"

namespace npu::kernels {

enum class VectorOp : uint8_t {
  Add, Sub, Mul, Div, Max, Min,   // src0 op src1; max and min take +0 above -0
  MulAdd,                         // dst + src0 * src1
  LeakyRelu,                      // src0 >= 0 ? src0 : src0 * src1
  Exp, Ln, Abs, Relu, Rec, Sqrt, Rsqrt,
};
inline constexpr size_t kVectorOps = 15;
inline constexpr size_t kVecTypes = 6;  // f16 to s8; the others only move and convert

struct VectorArgs {
  void* dst = nullptr;
  const void* src0 = nullptr;
  const void* src1 = nullptr;
  uint32_t scalar = 0;  // stands for every lane of src1 in the scalar forms: bits of the element type
  size_t bytes = 0;     // of each operand; a multiple of 256
  float limit = 0;      // see CubeKernels::float_to_half
};
using VectorKernel = void (*)(const VectorArgs&);

struct VectorKernels {
  // Null where the combination is not implemented. The scalar form exists for operations with src1.
  VectorKernel vector[kVectorOps][kVecTypes];
  VectorKernel scalar[kVectorOps][kVecTypes];
  // 16x16 2-byte elements, pitches in elements; no overlap.
  void (*transpose)(const uint16_t* src, int64_t src_pitch, uint16_t* dst, int64_t dst_pitch);
};

const VectorKernels& vector_kernels();
// One table for each target this machine can run, for tests that compare them; not while other threads start using kernels.
std::vector<VectorKernels> all_vector_kernels();

}  // namespace npu::kernels
