// SPDX-License-Identifier: Apache-2.0
// load_image_to_cbuf, channel by channel as its row says.
#include <algorithm>
#include <cmath>

#include "tests/core/chip/naive_core.h"

namespace npu::test {

using namespace field;

// Channel c, before the conversion to the target's type, of the pixel at (y, x) of the image.
int NaiveCore::image_channel(int64_t y, int64_t x, int c, int64_t row_pixels) const {
  const uint64_t control = aipp[9];
  const int format = static_cast<int>(control >> 19 & 31);
  const bool swap_rb = control >> 16 & 1, swap_uv = control >> 17 & 1, swap_ax = control >> 18 & 1, convert = aipp[1] >> 63;
  const auto byte = [&](int spr, int64_t at) { return static_cast<int>(arena[static_cast<size_t>(static_cast<int64_t>(aipp[static_cast<size_t>(spr)] << 16 >> 16) - kArenaBase + at)]); };
  const auto source = [&](int channel) {
    switch (format) {
      case 0: return channel == 0 ? byte(0, y * row_pixels + x) : byte(1, y / 2 * row_pixels + x / 2 * 2 + ((channel == 2) != swap_uv ? 1 : 0));
      case 1: return byte(0, (y * row_pixels + x) * 4 + (swap_ax ? 1 : 0) + (swap_rb ? 2 - channel : channel));
      case 4: return byte(0, (y * row_pixels + x) * 3 + (swap_rb ? 2 - channel : channel));
      case 5: return byte(0, (y * row_pixels + x) * 4 + (swap_ax ? 0 : 1) + (swap_rb ? 2 - channel : channel));
      case 6: return channel == 0 ? byte(0, (y * row_pixels + x) * 2) : byte(0, (y * row_pixels + x - x % 2) * 2 + ((channel == 2) != swap_uv ? 3 : 1));
      case 7: return channel == 0 ? byte(0, y * row_pixels + x) : byte(1, y * row_pixels + x - x % 2 + ((channel == 2) != swap_uv ? 1 : 0));
      case 8: return byte(0, (y * row_pixels + x) * 4 + (swap_ax ? 0 : 1) + (swap_uv && channel > 0 ? 3 - channel : channel));
      default: return channel == 0 ? byte(0, y * row_pixels + x) : 0;
    }
  };
  if (!convert) return source(c);
  const bool rgb = format == 1 || format == 4 || format == 5;
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    const int number = c * 3 + i;
    const auto coefficient = static_cast<int16_t>(aipp[static_cast<size_t>(2 + number / 4)] >> number % 4 * 16);
    const int bias = rgb ? 0 : static_cast<int>(aipp[4] >> (40 + 8 * i) & 255);
    sum += coefficient * (source(i) - bias);
  }
  const double scaled = std::floor((sum + 128) / 256) + (rgb ? static_cast<double>(aipp[4] >> (16 + 8 * c) & 255) : 0);
  return static_cast<int>(std::clamp(scaled, 0.0, 255.0));
}

void NaiveCore::load_image(const Instr& instr) {
  const auto& arg = instr.arg;
  const uint64_t control = aipp[9];
  const auto type = static_cast<VecType>(arg[kImgType]);
  const int size = type == VecType::F16 ? 2 : 1;
  const bool four = control >> 40 & 1;
  const int64_t mode = control >> 27 & 3, rows = control >> 24 & 1 ? 1 : arg[kImgVerSize], columns = arg[kImgHorSize], c0 = four ? 4 : 32 / size;
  if (arg[kImgVerSize] == 0) return;
  const int64_t height = arg[kImgTopPad] + rows + arg[kImgBotPad], width = arg[kImgLeftPad] + columns + arg[kImgRightPad];
  const bool grey = (control >> 19 & 31) == 9 && !(aipp[1] >> 63);
  // Which line of the image a line of the result shows; -1 for a constant.
  const auto shown = [mode](int64_t at, int64_t before, int64_t count, int64_t after) -> int64_t {
    const int64_t inside = at - before;
    if (inside >= 0 && inside < count) return inside;
    if (mode == 0) return -1;
    if (mode == 1) return inside < 0 ? 0 : count - 1;
    if (mode == 2) return inside < 0 ? at : inside - after;
    return inside < 0 ? -1 - inside : 2 * count - 1 - inside;
  };
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < c0; ++c) {
        const int64_t row = shown(y, arg[kImgTopPad], rows, arg[kImgBotPad]), column = shown(x, arg[kImgLeftPad], columns, arg[kImgRightPad]);
        auto bits = static_cast<uint16_t>(control);  // channel padding
        if (row < 0 || column < 0) {
          if (c < 4) bits = static_cast<uint16_t>(aipp[8] >> c * 16);
        } else if (c < (grey ? 1 : 3)) {
          const int value = image_channel(arg[kImgVerStart] + row, arg[kImgHorStart] + column, static_cast<int>(c), arg[kImgSrcHorSize]);
          const int mean = static_cast<int>(aipp[5] >> c * 16 & 255);
          if (type == VecType::U8) bits = static_cast<uint16_t>(value);
          if (type == VecType::S8) bits = static_cast<uint16_t>(std::clamp(value - mean, -128, 127));
          if (type == VecType::F16) {
            const double shifted = naive_value(naive_half(value - mean - naive_value(static_cast<uint16_t>(aipp[6] >> c * 16)), saturate));
            bits = naive_half(shifted * naive_value(static_cast<uint16_t>(aipp[7] >> c * 16)), saturate);
          }
        }
        const int64_t at = arg[kImgDst] + ((y * width + x) * c0 + c) * size;
        if (size == 2) put(l1, at, bits);
        else put(l1, at, static_cast<uint8_t>(bits));
      }
}

}  // namespace npu::test
