// SPDX-License-Identifier: Apache-2.0
// Memory formats of the chip and their index formulas (public fractal-format documentation; C0 = 32 bytes).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace npu {

enum class Format : uint8_t { ND, NCHW, NHWC, NC1HWC0, FRACTAL_Z, FRACTAL_NZ, NC1HWC0_C04 };

struct FormatInfo {
  Format format;
  std::string_view name;
  int ge;  // ge::Format
  std::string_view layout;  // physical shape
};

// One row per Format, in enum order.
inline constexpr std::array<FormatInfo, 7> kFormats{{
    {Format::ND, "ND", 2, "logical shape, row-major"},
    {Format::NCHW, "NCHW", 0, "N,C,H,W"},
    {Format::NHWC, "NHWC", 1, "N,H,W,C"},
    {Format::NC1HWC0, "NC1HWC0", 3, "N,C1,H,W,C0"},
    {Format::FRACTAL_Z, "FRACTAL_Z", 4, "C1*Kh*Kw,N1,16,C0"},
    {Format::FRACTAL_NZ, "FRACTAL_NZ", 29, "...,N1,M1,16,C0"},
    {Format::NC1HWC0_C04, "NC1HWC0_C04", 12, "N,C1,H,W,4"},  // images of up to 4 channels
}};

constexpr const FormatInfo& format_info(Format f) { return kFormats[static_cast<size_t>(f)]; }
constexpr std::string_view to_string(Format f) { return format_info(f).name; }
std::optional<Format> format_from_name(std::string_view name);

// Elements of C0 for a dtype: 32 bytes' worth.
constexpr int64_t c0_of(DType dtype) { return 32 / static_cast<int64_t>(dtype_size(dtype)); }

// The physical shape of a logical tensor (NCHW for image formats, OIHW for FRACTAL_Z, [..., M, N] for FRACTAL_NZ).
Result<Shape> physical_shape(const Shape& logical, DType dtype, Format format);

// Rearranges a tensor of the logical shape (row-major) into format, padding with zeros; the result has the
// physical shape. from_format is the inverse and drops the padding.
Result<Tensor> to_format(const Tensor& logical, Format format);
Result<Tensor> from_format(const Tensor& physical, const Shape& logical, Format format);

}  // namespace npu
