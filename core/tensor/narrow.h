// SPDX-License-Identifier: Apache-2.0
// Numbers of 8 bits and less: the floats of "FP8 Formats for Deep Learning" and of the OCP microscaling formats, as ONNX
// defines them, and integers of 4 and 2 bits. Conversions are integer arithmetic only, the same on every target.
#pragma once

#include <cstdint>

#include "core/tensor/dtype.h"

namespace npu {

// The value of a code. Precondition: is_narrow_float(dtype).
float narrow_to_float(DType dtype, uint8_t code);

// To the nearest, ties to even. What is too large becomes the largest finite value, or without saturate infinity, or NaN
// where there is none (Float4E2M1 always saturates). Float8E8M0 holds powers of two: `up` rounds up instead.
uint8_t float_to_narrow(DType dtype, float value, bool saturate);

enum class PowerRounding : uint8_t { Up, Down, Nearest };
uint8_t float_to_e8m0(float value, bool saturate, PowerRounding rounding);

// The low bits as a number of the type, in a byte. Precondition: is_narrow_integer(dtype).
uint8_t wrap_narrow(DType dtype, int64_t value);
// The nearest value of the type's range.
uint8_t clamp_narrow(DType dtype, int64_t value);

}  // namespace npu
