// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/cube_image.h"

#include <algorithm>

#include "core/base/half.h"
#include "core/isa/aipp.h"

namespace npu {
namespace {

uint64_t bits(int64_t value, int width, int at) { return (static_cast<uint64_t>(value) & ((uint64_t{1} << width) - 1)) << at; }
uint64_t half(float value, int at) { return uint64_t{float_to_half_bits(value)} << at; }

}  // namespace

void ImageLoads::set(int64_t number, uint64_t value) { e_.push(Opcode::SetAippSpr, {number, static_cast<int64_t>(value)}); }

// Those that do not depend on the image; their bits are in the row of set_aipp_spr.
void ImageLoads::set_registers() {
  const AippSettings& s = image_.settings;
  std::array<uint64_t, kAippRegisters> spr{};
  for (size_t i = 0; i < 9; ++i) spr[2 + i / 4] |= bits(s.matrix[i], 16, static_cast<int>(i % 4) * 16);
  for (size_t c = 0; c < 3; ++c) {
    const int lane = static_cast<int>(c) * 16, byte = static_cast<int>(c) * 8;
    spr[4] |= bits(s.out_bias[c], 8, 16 + byte) | bits(s.in_bias[c], 8, 40 + byte);
    spr[5] |= bits(s.mean[c], 8, lane);
    spr[6] |= half(s.min[c], lane), spr[7] |= half(s.var_reci[c], lane), spr[8] |= half(s.pad_value, lane);
  }
  spr[9] = bits(!s.format->yuv && s.swap_rb_uv, 1, 16) | bits(s.format->yuv && s.swap_rb_uv, 1, 17) | bits(s.swap_ax, 1, 18) |
           bits(s.format->core, 5, 19) | bits(image_.four_channels, 1, 40);
  for (size_t i = s.convert ? 2 : 5; i < spr.size(); ++i) set(static_cast<int64_t>(i), spr[i]);
}

// Columns start at even numbers: where every pixel stands for itself, the image may as well begin one pixel later.
void ImageLoads::set_image(int64_t address) {
  const AippSettings& s = image_.settings;
  if (loaded_ < 0) set_registers();
  loaded_ = address;
  set(0, static_cast<uint64_t>(address + s.left % 2 * s.format->pixel));
  if (s.convert || s.format->planar()) set(1, static_cast<uint64_t>(address + s.src_h * s.src_w) | uint64_t{s.convert} << 63);
}

void ImageLoads::load(int64_t address, int64_t begin, int64_t end, int64_t l1) {
  if (dynamic_) return dynamic_->load(address, begin, end, l1);
  const AippSettings& s = image_.settings;
  if (loaded_ != address) set_image(address);
  const int64_t row_bytes = image_.row_bytes();
  const int64_t first = std::max<int64_t>(begin - s.pad_top, 0), last = std::min(end - s.pad_top, s.h);
  if (first < last) {
    int64_t start = (s.top + first) / s.format->even_h * s.format->even_h;
    const int64_t count = std::max<int64_t>(s.top + last - start, 2);
    start = std::min(start, s.src_h - count);
    const int64_t dst = l1 + (s.pad_top + first - begin - (s.top + first - start)) * row_bytes;
    e_.push(Opcode::LoadImageToCbuf, {dst, type_arg(VecType::F16), s.w, count, s.left / 2 * 2, start, s.src_w, 0, 0, s.pad_left, s.pad_right});
  }
  for (int64_t row = begin; row < end; ++row)
    if (row < s.pad_top || row >= s.pad_top + s.h) e_.gm_to_l1(l1 + (row - begin) * row_bytes, image_.pad_row, {.blocks = row_bytes / kBlockBytes});
}

}  // namespace npu
