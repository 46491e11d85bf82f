// SPDX-License-Identifier: Apache-2.0
// The registers of set_aipp_spr taken apart, and where load_image_to_cbuf finds its pixels. Bits as in the row's doc.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/math.h"
#include "core/isa/program.h"

namespace npu {

enum class ImageFormat : uint8_t { YUV420SP = 0, XRGB8888 = 1, RGB888 = 4, ARGB8888 = 5, YUYV = 6, YUV422SP = 7, AYUV444 = 8, YUV400 = 9 };

struct AippConfig {
  int64_t image = 0, uv = 0;  // addresses
  bool convert = false;
  std::array<std::array<int, 3>, 3> matrix{};
  std::array<int, 3> out_bias{}, in_bias{}, mean{};
  std::array<uint16_t, 3> min{}, var{};      // f16 bits
  std::array<uint16_t, 4> pad_value{};       // bits of the target's type
  uint16_t channel_pad = 0;
  bool swap_rb = false, swap_uv = false, swap_ax = false, single_line = false, four_channels = false;
  int format = 0, pad_mode = 0;

  explicit AippConfig(const IssueState& state) {
    const auto field = [&](size_t spr, int bit, int width) { return static_cast<int>(state.aipp[spr] >> bit & ((uint64_t{1} << width) - 1)); };
    constexpr uint64_t address = (uint64_t{1} << 48) - 1;
    image = static_cast<int64_t>(state.aipp[0] & address), uv = static_cast<int64_t>(state.aipp[1] & address);
    convert = field(1, 63, 1) != 0;
    for (size_t i = 0; i < 9; ++i) matrix[i / 3][i % 3] = static_cast<int16_t>(field(2 + i / 4, static_cast<int>(i % 4) * 16, 16));
    for (size_t c = 0; c < 3; ++c) {
      const int lane = static_cast<int>(c) * 16, byte = static_cast<int>(c) * 8;
      out_bias[c] = field(4, 16 + byte, 8), in_bias[c] = field(4, 40 + byte, 8), mean[c] = field(5, lane, 8);
      min[c] = static_cast<uint16_t>(field(6, lane, 16)), var[c] = static_cast<uint16_t>(field(7, lane, 16));
    }
    for (size_t c = 0; c < 4; ++c) pad_value[c] = static_cast<uint16_t>(field(8, static_cast<int>(c) * 16, 16));
    channel_pad = static_cast<uint16_t>(field(9, 0, 16));
    swap_rb = field(9, 16, 1), swap_uv = field(9, 17, 1), swap_ax = field(9, 18, 1), single_line = field(9, 24, 1), four_channels = field(9, 40, 1);
    format = field(9, 19, 5), pad_mode = field(9, 27, 2);
  }

  bool is(ImageFormat f) const { return format == static_cast<int>(f); }
  bool known_format() const { return is(ImageFormat::YUV420SP) || is(ImageFormat::XRGB8888) || (format >= static_cast<int>(ImageFormat::RGB888) && format <= static_cast<int>(ImageFormat::YUV400)); }
  bool rgb() const { return is(ImageFormat::XRGB8888) || is(ImageFormat::RGB888) || is(ImageFormat::ARGB8888); }
  // u and v in rows of their own, each for uv_rows() rows of y.
  bool planar() const { return is(ImageFormat::YUV420SP) || is(ImageFormat::YUV422SP); }
  int64_t uv_rows() const { return is(ImageFormat::YUV420SP) ? 2 : 1; }
  // Two columns share u and v.
  bool paired() const { return planar() || is(ImageFormat::YUYV); }
  // Of the first plane.
  int64_t pixel_bytes() const {
    if (is(ImageFormat::XRGB8888) || is(ImageFormat::ARGB8888) || is(ImageFormat::AYUV444)) return 4;
    return is(ImageFormat::RGB888) ? 3 : is(ImageFormat::YUYV) ? 2 : 1;
  }
  int64_t row_bytes(int64_t columns) const { return (is(ImageFormat::YUYV) ? align_up(columns, 2) : columns) * pixel_bytes(); }
  // Of four bytes of a pixel, the channels begin here.
  int64_t first_byte() const { return pixel_bytes() == 4 && is(ImageFormat::XRGB8888) == swap_ax ? 1 : 0; }
  int channels() const { return is(ImageFormat::YUV400) && !convert ? 1 : 3; }
};

// With padding; the ATC guide has the limit for each chip.
constexpr int64_t most_padded_columns(Arch arch) { return arch == Arch::M100 ? 4096 : 1080; }

// What one load_image_to_cbuf makes.
struct ImageShape {
  int64_t rows, columns;   // taken from the image
  int64_t top, left;       // padding before them
  int64_t height, width;   // with the padding
  int64_t c0, size;        // channels of a pixel, bytes of an element

  ImageShape(const Instr& instr, const AippConfig& config) {
    using namespace field;
    const auto& arg = instr.arg;
    rows = config.single_line ? 1 : arg[kImgVerSize], columns = arg[kImgHorSize];
    top = arg[kImgTopPad], left = arg[kImgLeftPad];
    height = rows + top + arg[kImgBotPad], width = columns + left + arg[kImgRightPad];
    if (arg[kImgVerSize] == 0) rows = height = 0;
    size = vec_type_size(static_cast<VecType>(arg[kImgType]));
    c0 = config.four_channels ? 4 : kBlockBytes / size;
  }
  int64_t bytes() const { return height * width * c0 * size; }
};

}  // namespace npu
