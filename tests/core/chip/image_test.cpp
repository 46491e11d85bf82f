// SPDX-License-Identifier: Apache-2.0
// load_image_to_cbuf and set_aipp_spr: random legal uses against the naive core, published conversions, and what halts.
#include <doctest/doctest.h>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

constexpr int64_t kCases = 10000, kBatch = 25, kOut = Rig::kArena / 2, kL1 = 65536;

// The registers as bit fields.
struct Aipp {
  uint64_t spr[kAippRegisters] = {};
  void put(int number, int bit, uint64_t value) { spr[number] |= value << bit; }
  void append(Program& program) const {
    for (int i = 0; i < kAippRegisters; ++i) program.push_back(make_instr(SetAippSpr, {i, static_cast<int64_t>(spr[i])}));
  }
};

Aipp random_config(Rig& rig, int format, int mode) {
  Aipp aipp;
  aipp.put(0, 0, static_cast<uint64_t>(kArenaBase + rig.below(1000)));
  aipp.put(1, 0, static_cast<uint64_t>(kArenaBase + 8192 + rig.below(1000)));
  aipp.put(1, 63, static_cast<uint64_t>(rig.below(2)));
  const bool tame = rig.below(2);
  const auto coefficient = [&] { return static_cast<uint16_t>(tame ? rig.below(1024) - 512 : rig.below(65536)); };
  for (int spr : {2, 3})
    for (int lane = 0; lane < 4; ++lane) aipp.put(spr, lane * 16, coefficient());
  aipp.put(4, 0, coefficient());
  for (int bit = 16; bit < 64; bit += 8) aipp.put(4, bit, static_cast<uint64_t>(rig.below(256)));
  for (int c = 0; c < 3; ++c) {
    aipp.put(5, c * 16, static_cast<uint64_t>(rig.below(256)));
    aipp.put(6, c * 16, tame ? test::naive_half(static_cast<double>(rig.below(512)) - 256, false) : static_cast<uint64_t>(rig.below(65536)));
    aipp.put(7, c * 16, tame ? test::naive_half(static_cast<double>(rig.below(1000)) / 8000, false) : static_cast<uint64_t>(rig.below(65536)));
  }
  aipp.spr[8] = rig.random();
  aipp.put(9, 0, static_cast<uint64_t>(rig.below(65536)));
  for (int bit : {16, 17, 18, 24, 40}) aipp.put(9, bit, static_cast<uint64_t>(bit == 24 ? rig.below(8) == 0 : rig.below(2)));
  aipp.put(9, 19, static_cast<uint64_t>(format));
  aipp.put(9, 27, static_cast<uint64_t>(mode));
  return aipp;
}

TEST_CASE("load_image_to_cbuf, set_aipp_spr: random legal images against the naive core") {
  Rig coupled(test::coupled_soc(), 51), split(test::split_soc(), 52);
  for (Rig* rig : {&coupled, &split}) {
    for (int64_t done = 0; done < kCases / 2; done += kBatch) {
      Program program{Rig::fill_l1(kL1)};
      for (int64_t i = 0; i < kBatch; ++i) {
        const int formats[] = {0, 1, 4, 5, 6, 7, 8, 9};
        const int format = formats[rig->below(8)];
        const bool paired = format == 0 || format == 6 || format == 7;
        const int64_t mode = rig->below(4), one = rig->below(5) == 0;
        const VecType types[] = {VecType::F16, VecType::S8, VecType::U8};
        const int64_t columns = 2 + rig->below(11), rows = rig->below(20) == 0 ? 0 : 2 + rig->below(6), start = rig->below(5) * 2, ver_start = format == 0 ? rig->below(4) * 2 : rig->below(7);
        const int64_t row_pixels = (start + columns + 1) / 2 * 2 + (paired ? rig->below(3) * 2 : rig->below(6));
        Aipp aipp = random_config(*rig, format, static_cast<int>(mode));
        const bool single = aipp.spr[9] >> 24 & 1;
        const int64_t most_rows = mode == 0 ? 0 : mode == 1 ? 5 : single ? 1 : rows, most_columns = mode < 2 ? 6 : columns;
        const int64_t type = static_cast<int64_t>(types[rig->below(rig->soc.split ? 2 : 3)]);
        aipp.append(program);
        program.push_back(make_instr(LoadImageToCbuf, {rig->below(8) * 32, type, columns, rows, start, ver_start, row_pixels, one * rig->below(most_rows + 1), one * rig->below(most_rows + 1),
                                                       one * rig->below(most_columns + 1), rig->below(most_columns + 1)}));
      }
      // Out of L1, part by part where that leads through UB.
      if (rig->soc.split) program.push_back(make_instr(CopyCbufToGm, {kArenaBase + kOut, 0, 1, kL1 / 32, 0, 0}));
      else {
        program.push_back(make_instr(CopyCbufToUbuf, {0, 0, 1, kL1 / 32, 0, 0}));
        program.push_back(make_instr(CopyUbufToGm, {kArenaBase + kOut, 0, 1, kL1 / 32, 0, 0}));
      }
      rig->check_same(program);
    }
    rig->require_cases(kCases / 2, {LoadImageToCbuf, SetAippSpr});
  }
}

// One pixel pair through the whole path, as f16 without normalisation, four channels.
std::array<double, 3> one_pixel(std::array<uint8_t, 3> pixel, bool yuv, const std::array<int16_t, 9>& matrix, std::array<uint8_t, 3> in_bias, std::array<uint8_t, 3> out_bias) {
  Rig rig(test::coupled_soc());
  const std::array<uint8_t, 12> bytes{pixel[0], yuv ? pixel[0] : pixel[1], yuv ? pixel[0] : pixel[2], yuv ? pixel[0] : pixel[0], pixel[1], pixel[2]};
  std::array<uint8_t, 64> image{};
  std::copy(bytes.begin(), bytes.end(), image.begin());
  if (yuv) image[32] = pixel[1], image[33] = pixel[2];
  std::memcpy(rig.memory.write(kArenaBase, 64)->data(), image.data(), 64);
  Aipp aipp;
  aipp.put(0, 0, static_cast<uint64_t>(kArenaBase)), aipp.put(1, 0, static_cast<uint64_t>(kArenaBase + 32)), aipp.put(1, 63, 1);
  for (int i = 0; i < 9; ++i) aipp.put(2 + i / 4, i % 4 * 16, static_cast<uint16_t>(matrix[static_cast<size_t>(i)]));
  for (int c = 0; c < 3; ++c) aipp.put(4, 16 + 8 * c, out_bias[static_cast<size_t>(c)]), aipp.put(4, 40 + 8 * c, in_bias[static_cast<size_t>(c)]), aipp.put(7, 16 * c, 0x3c00);
  aipp.put(9, 19, yuv ? 0 : 4), aipp.put(9, 40, 1);
  Program program;
  aipp.append(program);
  program.push_back(make_instr(LoadImageToCbuf, {0, 0, 2, 2, 0, 0, 2, 0, 0, 0, 0}));
  REQUIRE(rig.core.execute(program, rig.memory).has_value());
  const auto result = *rig.core.contents(Buffer::L1, 0, 6);
  std::array<double, 3> values;
  for (size_t c = 0; c < 3; ++c) {
    uint16_t half;
    std::memcpy(&half, result.data() + c * 2, 2);
    values[c] = test::naive_value(half);
  }
  return values;
}

TEST_CASE("the published matrices convert known colours") {
  // BT.601 narrow range: black, white and the primaries, each to within one step of the exact value.
  const std::array<int16_t, 9> to_rgb{298, 0, 409, 298, -100, -208, 298, 516, 0}, to_yuv{66, 129, 25, -38, -74, 112, 112, -94, -18};
  const auto near = [](std::array<double, 3> actual, std::array<double, 3> expected) {
    for (size_t c = 0; c < 3; ++c) CHECK(std::fabs(actual[c] - expected[c]) <= 1);
  };
  near(one_pixel({16, 128, 128}, true, to_rgb, {16, 128, 128}, {}), {0, 0, 0});
  near(one_pixel({235, 128, 128}, true, to_rgb, {16, 128, 128}, {}), {255, 255, 255});
  near(one_pixel({82, 90, 240}, true, to_rgb, {16, 128, 128}, {}), {255, 1, 0});
  near(one_pixel({255, 0, 0}, false, to_yuv, {}, {16, 128, 128}), {82, 90, 240});  // the matrix' rows are y, u, v
  near(one_pixel({0, 0, 255}, false, to_yuv, {}, {16, 128, 128}), {41, 240, 110});
}

TEST_CASE("images that are not legal halt with the values") {
  Rig rig(test::coupled_soc());
  const auto what = [&](int format, int mode, std::initializer_list<int64_t> operands) {
    Aipp aipp;
    aipp.put(0, 0, static_cast<uint64_t>(kArenaBase)), aipp.put(1, 0, static_cast<uint64_t>(kArenaBase)), aipp.put(9, 19, static_cast<uint64_t>(format)), aipp.put(9, 27, static_cast<uint64_t>(mode));
    Program program;
    aipp.append(program);
    program.push_back(make_instr(LoadImageToCbuf, operands));
    return rig.error_of(program).what;
  };
  CHECK(what(2, 0, {0, 0, 4, 4, 0, 0, 4, 0, 0, 0, 0}) == "image format 2 is not 0 (YUV420SP), 1 (XRGB8888), 4 (RGB888), 5 (ARGB8888), 6 (YUYV), 7 (YUV422SP), 8 (AYUV444) or 9 (YUV400)");
  CHECK(what(10, 0, {0, 0, 4, 4, 0, 0, 4, 0, 0, 0, 0}).starts_with("image format 10 is not"));
  CHECK(what(4, 0, {0, 0, 4, 1, 0, 0, 4, 0, 0, 0, 0}) == "ver_size is 1, allowed are 0 and 2 to 4095");
  CHECK(what(7, 0, {0, 0, 4, 4, 0, 0, 9, 0, 0, 0, 0}) == "src_hor_size is 9, not even");
  CHECK(what(6, 0, {0, 0, 4, 4, 0, 0, 9, 0, 0, 0, 0}) == "src_hor_size is 9, not even");
  CHECK(what(4, 0, {0, 0, 4, 4, 1, 0, 8, 0, 0, 0, 0}) == "hor_start is 1, not even");
  CHECK(what(0, 0, {0, 0, 4, 4, 0, 3, 8, 0, 0, 0, 0}) == "ver_start is 3, not even");
  CHECK(what(0, 0, {0, 0, 4, 4, 0, 0, 9, 0, 0, 0, 0}) == "src_hor_size is 9, not even");
  CHECK(what(4, 0, {0, 0, 5, 4, 4, 0, 8, 0, 0, 0, 0}) == "columns 4 to 9 of an image of 8");
  CHECK(what(4, 0, {0, 0, 4, 4, 0, 0, 8, 2, 1, 0, 0}) == "padding mode 0 has no rows above or below, not 2 and 1");
  CHECK(what(4, 3, {0, 0, 4, 4, 0, 0, 8, 5, 0, 1, 0}) == "padding mode 3 repeats 1 columns and 5 rows of an image of 4 by 4");
  CHECK(what(4, 0, {0, 0, 4095, 4095, 0, 0, 4095, 0, 0, 0, 0}).find("writes L1[0x0, ") == 0);
  CHECK(what(4, 0, {0, 0, 64, 64, 0, 4000, 4094, 0, 0, 0, 0}).find("is outside the weights") != std::string::npos);
  Rig split(test::split_soc());
  CHECK(split.error_of({make_instr(LoadImageToCbuf, {0, 4, 4, 4, 0, 0, 8, 0, 0, 0, 0})}).what == "Ascend910B3 makes no u8 of an image: f16 and s8");
}

}  // namespace
}  // namespace npu
