// SPDX-License-Identifier: Apache-2.0
// The operator Aipp against the formulas of the vendor's guide in double precision, written from the guide alone: it shifts the
// products of the colour conversion without rounding, so results may be one step of 256 apart before they are normalised.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/aipp/aipp_config.h"
#include "compiler/aipp/insert.h"
#include "compiler/aipp/parameters.h"
#include "core/graph/text.h"
#include "core/ops/op.h"

namespace npu {
namespace {

using Pixel = std::array<double, 3>;

struct Guide {
  std::string format;
  int64_t h, w, crop_y = 0, crop_x = 0, crop_h = 0, crop_w = 0;
  int top = 0, bottom = 0, left = 0, right = 0;
  double pad = 0;
  bool swap = false, ax = false, csc = false;
  int matrix[9] = {}, in_bias[3] = {}, out_bias[3] = {};
  double mean[3] = {}, min[3] = {}, var[3] = {1, 1, 1};

  Pixel at(const std::vector<uint8_t>& image, int64_t y, int64_t x) const {
    const auto byte = [&](int64_t i) { return static_cast<double>(image.at(static_cast<size_t>(i))); };
    Pixel p{};
    if (format == "YUV420SP_U8") p = {byte(y * w + x), byte(h * w + y / 2 * w + x / 2 * 2), byte(h * w + y / 2 * w + x / 2 * 2 + 1)};
    if (format == "YUV422SP_U8") p = {byte(y * w + x), byte(h * w + y * w + x / 2 * 2), byte(h * w + y * w + x / 2 * 2 + 1)};
    if (format == "YUYV_U8") p = {byte((y * w + x) * 2), byte(y * w * 2 + x / 2 * 4 + 1), byte(y * w * 2 + x / 2 * 4 + 3)};
    if (format == "YUV400_U8") p = {byte(y * w + x), 0, 0};
    if (format == "RGB888_U8") p = {byte((y * w + x) * 3), byte((y * w + x) * 3 + 1), byte((y * w + x) * 3 + 2)};
    const int64_t four = (y * w + x) * 4;
    if (format == "XRGB8888_U8") p = {byte(four + ax), byte(four + 1 + ax), byte(four + 2 + ax)};
    if (format == "ARGB8888_U8" || format == "AYUV444_U8") p = {byte(four + !ax), byte(four + 1 + !ax), byte(four + 2 + !ax)};
    if (swap && format.find("YU") != std::string::npos) std::swap(p[1], p[2]);
    else if (swap) std::swap(p[0], p[2]);
    return p;
  }

  // Before normalisation.
  Pixel converted(const Pixel& in) const {
    if (!csc) return in;
    const bool yuv = format.find("YU") != std::string::npos;
    Pixel out{};
    for (int r = 0; r < 3; ++r) {
      double sum = 0;
      for (int c = 0; c < 3; ++c) sum += matrix[r * 3 + c] * (in[static_cast<size_t>(c)] - (yuv ? in_bias[c] : 0));
      out[static_cast<size_t>(r)] = std::clamp(std::floor(sum / 256) + (yuv ? 0 : out_bias[r]), 0.0, 255.0);
    }
    return out;
  }

  std::string text() const {
    std::string t = fmt::format("aipp_op {{ aipp_mode: static input_format: {} src_image_size_w: {} src_image_size_h: {} csc_switch: {} rbuv_swap_switch: {} ax_swap_switch: {}\n", format, w, h, csc, swap, ax);
    if (crop_h) t += fmt::format("crop: true load_start_pos_w: {} load_start_pos_h: {} crop_size_w: {} crop_size_h: {}\n", crop_x, crop_y, crop_w, crop_h);
    if (top + bottom + left + right) t += fmt::format("padding: true left_padding_size: {} right_padding_size: {} top_padding_size: {} bottom_padding_size: {} padding_value: {}\n", left, right, top, bottom, pad);
    for (int i = 0; i < 9; ++i) t += fmt::format("matrix_r{}c{}: {} ", i / 3, i % 3, matrix[i]);
    for (int i = 0; i < 3; ++i) t += fmt::format("input_bias_{0}: {1} output_bias_{0}: {2} mean_chn_{0}: {3} min_chn_{0}: {4} var_reci_chn_{0}: {5}\n", i, in_bias[i], out_bias[i], mean[i], min[i], var[i]);
    return t + "}\n";
  }
};

// The conversions of the guide's table.
struct Conversion {
  const char* name;
  bool from_yuv;
  int matrix[9], bias[3];
};
const Conversion kConversions[] = {
    {"NV12 to RGB, JPEG", true, {256, 0, 359, 256, -88, -183, 256, 454, 0}, {0, 128, 128}},
    {"NV12 to RGB, BT601 narrow", true, {298, 0, 409, 298, -100, -208, 298, 516, 0}, {16, 128, 128}},
    {"NV12 to BGR, BT601 narrow", true, {298, 516, 0, 298, -100, -208, 298, 0, 409}, {16, 128, 128}},
    {"NV12 to RGB, BT709 narrow", true, {298, 0, 459, 298, -55, -136, 298, 541, 0}, {16, 128, 128}},
    {"NV12 to RGB, BT709 wide", true, {256, 0, 403, 256, -48, -120, 256, 475, 0}, {0, 128, 128}},
    {"RGB to YUV, JPEG", false, {77, 150, 29, -43, -85, 128, 128, -107, -21}, {0, 128, 128}},
    {"RGB to YUV, BT601 narrow", false, {66, 129, 25, -38, -74, 112, 112, -94, -18}, {16, 128, 128}},
    {"RGB to YUV, BT709 narrow", false, {47, 157, 16, -26, -87, 112, 112, -102, -10}, {16, 128, 128}},
    {"RGB to YUV, BT709 wide", false, {55, 183, 19, -29, -99, 128, 128, -116, -12}, {0, 128, 128}},
};

// The same from parameters that come with the images, which stand at the beginning of their input.
Tensor told(const AippOp& op, const Tensor& images, const Shape& result) {
  const AippTarget target{.batch = result[0], .channels = result[1], .h = result[2], .w = result[3], .image_bytes = images.elements() + 7};
  const auto parameters = aipp_parameters(op, target);
  REQUIRE_MESSAGE(parameters, (parameters ? "" : parameters.error().message()));
  const auto bytes = parameters->encode().value();
  Tensor x(DType::UInt8, {1, target.image_bytes}), buffer(DType::UInt8, {std::ssize(bytes)});
  std::ranges::copy(images.bytes(), x.mutable_bytes().begin());
  std::ranges::copy(bytes, buffer.mutable_bytes().begin());
  Node node;
  node.op = "Aipp", node.inputs = {0, 1}, node.outputs = {2};
  node.attrs["output_size"] = std::vector<int64_t>{target.h, target.w}, node.attrs["channels"] = target.channels;
  auto made = run_reference(node, 18, std::array{x, buffer});
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  return std::move((*made)[0]);
}

// Two images of each: every pixel of the result within what two roundings to fp16 and, with conversion, one step may do.
void check(const Guide& g, uint32_t seed) {
  const std::string text = g.text();
  CAPTURE(text);
  const int64_t h = g.top + g.bottom + (g.crop_h ? g.crop_h : g.h), w = g.left + g.right + (g.crop_w ? g.crop_w : g.w);
  const int64_t channels = g.format == "YUV400_U8" && !g.csc ? 1 : 3;
  Graph graph = parse_graph(fmt::format("graph \"g\" opset 18\ninput %x : float16[2,{},{},{}]\n%y = Relu(%x)\noutput %y\n", channels, h, w)).value();
  const auto ops = parse_aipp_config(text);
  REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()));
  const auto inserted = insert_aipp(graph, *ops, **find_soc("Ascend310"));
  REQUIRE_MESSAGE(inserted, (inserted ? "" : inserted.error().message()));
  Tensor x(DType::UInt8, to_shape(graph.value(graph.inputs[0]).type.dims));
  std::mt19937 random(seed);
  for (uint8_t& v : x.mutable_data<uint8_t>()) v = static_cast<uint8_t>(random());
  const auto made = run_reference(graph.node(graph.order().front()), 18, std::array{x});
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  const Tensor& y = (*made)[0];
  REQUIRE(y.shape() == Shape{2, channels, h, w});
  REQUIRE(y.dtype() == DType::Float16);
  if (g.pad == 0) CHECK(std::ranges::equal(told(ops->at(0), x, y.shape()).bytes(), y.bytes()));
  const auto got = y.to_doubles();
  const int64_t bytes = x.elements() / 2;
  double worst = 0;
  for (int64_t n = 0; n < 2; ++n) {
    const auto all = x.data<uint8_t>().subspan(static_cast<size_t>(n * bytes), static_cast<size_t>(bytes));
    const std::vector<uint8_t> image(all.begin(), all.end());
    for (int64_t i = 0; i < h; ++i)
      for (int64_t j = 0; j < w; ++j) {
        const bool inside = i >= g.top && i < h - g.bottom && j >= g.left && j < w - g.right;
        const Pixel p = inside ? g.converted(g.at(image, g.crop_y + i - g.top, g.crop_x + j - g.left)) : Pixel{};
        for (int64_t c = 0; c < channels; ++c) {
          const auto k = static_cast<size_t>(c);
          const double shifted = p[k] - g.mean[k] - g.min[k];
          const double want = inside ? shifted * g.var[k] : g.pad;
          // fp16 has 11 bits: min, the difference, var and the product are rounded once each.
          const double allowed = inside ? (std::abs(want) * 4 + std::abs(g.min[k] * g.var[k])) / 2048 + (g.csc ? std::abs(g.var[k]) : 0) : std::abs(g.pad) / 2048;
          worst = std::max(worst, std::abs(got[static_cast<size_t>(((n * channels + c) * h + i) * w + j)] - want) - allowed);
        }
      }
  }
  CHECK(worst <= 1e-9);
  CHECK(*std::ranges::max_element(got) > *std::ranges::min_element(got));
}

}  // namespace

TEST_CASE("Aipp: every format, whole or cropped, swapped, padded and normalised") {
  uint32_t seed = 1;
  for (const AippFormat& format : kAippFormats)
    for (int variant = 0; variant < 12; ++variant) {
      Guide g{.format = std::string(format.name), .h = 12, .w = 18};
      g.swap = variant & 1, g.ax = variant & 2;
      if (variant >= 4) {
        g.crop_y = 4, g.crop_x = 6, g.crop_h = 7, g.crop_w = 9;
        g.top = 2, g.left = 1, g.right = 3, g.pad = variant < 8 ? -1.25 : 0;
        for (int c = 0; c < 3; ++c) g.mean[c] = 100 + 7 * c, g.min[c] = 0.37 - c, g.var[c] = 0.017 + 0.0005 * c;
      }
      check(g, seed++);
    }
  check({.format = "RGB888_U8", .h = 9, .w = 11, .crop_y = 3, .crop_x = 5, .crop_h = 6, .crop_w = 6, .bottom = 32, .right = 32, .pad = 7}, seed);
}

TEST_CASE("Aipp: the published colour conversions") {
  uint32_t seed = 100;
  for (const Conversion& conversion : kConversions)
    for (const AippFormat& format : kAippFormats) {
      if (format.yuv != conversion.from_yuv || format.name == "YUV400_U8") continue;
      CAPTURE(std::string(conversion.name));
      Guide g{.format = std::string(format.name), .h = 16, .w = 20, .csc = true};
      std::ranges::copy(conversion.matrix, g.matrix);
      std::ranges::copy(conversion.bias, conversion.from_yuv ? g.in_bias : g.out_bias);
      check(g, seed++);
      for (int c = 0; c < 3; ++c) g.min[c] = 123.675 - 7 * c, g.var[c] = 0.0171247538316637;
      g.swap = true;
      check(g, seed++);
    }
}

TEST_CASE("Aipp says what is wrong with a node") {
  const auto error = [](const std::string& attrs, const std::string& type = "uint8[1,6,8,3]") {
    Graph graph = parse_graph(fmt::format("graph \"g\" opset 18\ninput %x : {}\n%y = Aipp(%x) {{{}}}\noutput %y\n", type, attrs)).value();
    const auto inferred = infer_shapes(graph);
    REQUIRE_MESSAGE(!inferred, attrs);
    return inferred.error().message();
  };
  const auto has = [](const std::string& text, const std::string& part) { CHECK_MESSAGE(text.find(part) != std::string::npos, text); };
  has(error("", "float32[1,6,8,3]"), "needs uint8");
  has(error("", "uint8[1,6,8]"), "is of rank 3");
  has(error("", "uint8[1,6,8,1]"), "1 bytes a pixel, RGB888_U8 has 3");
  has(error("input_format=\"RAW10\""), "there is no input_format 'RAW10'");
  has(error("input_format=\"YUV420SP_U8\"", "uint8[1,7,8,1]"), "7 rows of 8 are no image");
  has(error("crop=[1,2,6,4]"), "a part of 6x4 from row 1 and column 2 of an image of 6x8");
  has(error("crop=[-9223372036854775807,0,0,0]"), "a part of");
  has(error("crop=[1,2]"), "crop has 2 numbers, needs 4");
  has(error("mean_chn=[1,2,256]"), "a bias or mean is no byte");
  has(error("matrix=[1,2,3,4,5,6,7,8,40000]"), "no 16-bit number");
  has(error("padding=[0,0,0,33]"), "padding is 0 to 32");
  has(error("channels=2"), "2 channels, not 1 or 3");
}

}  // namespace npu
