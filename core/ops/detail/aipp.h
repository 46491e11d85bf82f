// SPDX-License-Identifier: Apache-2.0
// What an Aipp node says: read by its reference, by its lowering and by what inserts it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/graph/graph.h"

namespace npu {

// A layout of images of bytes. They arrive as uint8 [N, rows, W, pixel]: the vendor's NHWC, planes one below the other.
struct AippFormat {
  std::string_view name;     // as the file of --insert_op_conf spells it
  int number;                // in the vendor's enumeration
  int core;                  // on the core: the code of set_aipp_spr's register 9
  int64_t pixel;             // bytes of a pixel in the first plane
  int64_t half_rows;         // rows that arrive for two rows of the image
  bool yuv;
  bool alpha_first = false;  // of four bytes the last three are the channels
  int64_t even_w = 1, even_h = 1;  // columns and rows that share u and v

  int64_t rows(int64_t h) const { return h * half_rows / 2; }
  bool planar() const { return half_rows > 2; }
};

inline constexpr AippFormat kAippFormats[] = {
    {.name = "YUV420SP_U8", .number = 1, .core = 0, .pixel = 1, .half_rows = 3, .yuv = true, .even_w = 2, .even_h = 2},
    {.name = "XRGB8888_U8", .number = 2, .core = 1, .pixel = 4, .half_rows = 2, .yuv = false},
    {.name = "RGB888_U8", .number = 3, .core = 4, .pixel = 3, .half_rows = 2, .yuv = false},
    {.name = "YUV400_U8", .number = 4, .core = 9, .pixel = 1, .half_rows = 2, .yuv = true},
    {.name = "ARGB8888_U8", .number = 7, .core = 5, .pixel = 4, .half_rows = 2, .yuv = false, .alpha_first = true},
    {.name = "YUYV_U8", .number = 8, .core = 6, .pixel = 2, .half_rows = 2, .yuv = true, .even_w = 2},
    {.name = "YUV422SP_U8", .number = 9, .core = 7, .pixel = 1, .half_rows = 4, .yuv = true, .even_w = 2},
    {.name = "AYUV444_U8", .number = 10, .core = 8, .pixel = 4, .half_rows = 2, .yuv = true, .alpha_first = true},
};
const AippFormat* find_aipp_format(std::string_view name);  // nullptr when there is none

inline constexpr int64_t kMostAippPadding = 32;  // rows or columns on one side

// Sizes in pixels, before: rows above and columns left of the image.
struct AippSettings {
  const AippFormat* format = &kAippFormats[2];
  int64_t src_h = 0, src_w = 0;                              // of the whole image; 0: not known
  int64_t top = 0, left = 0, h = 0, w = 0;                   // the part taken
  int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  float pad_value = 0;
  bool swap_rb_uv = false, swap_ax = false, convert = false;
  std::array<int64_t, 9> matrix{};                           // 16 bits, by 256
  std::array<int64_t, 3> in_bias{}, out_bias{}, mean{};      // bytes
  std::array<float, 3> min{}, var_reci{};                    // rounded to fp16 when used
  int64_t channels = 3;                                      // of the result: 3, or the first alone

  int64_t out_h() const { return pad_top + h + pad_bottom; }
  int64_t out_w() const { return pad_left + w + pad_right; }
  int64_t image_bytes() const { return format->rows(src_h) * src_w * format->pixel; }
  // Of four bytes of a pixel, the channels begin here.
  int64_t first_byte() const { return format->pixel == 4 && format->alpha_first != swap_ax ? 1 : 0; }
  // What the settings make of grey images without conversion is one channel.
  bool grey() const { return format->number == 4 && !convert; }
};

// The settings of a node that infer has accepted (types static), or of one that it has not: then with what is there. With parameters
// that come at run time: of images as the model takes them.
AippSettings aipp_settings(const Graph& graph, const Node& node);
// As attributes, but for the source's size, which is the type of the input.
void set_aipp_attrs(Node& node, const AippSettings& settings);

}  // namespace npu
