// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

TEST_CASE("copies against the byte loops") {
  Rig rig(test::coupled_soc(), 3);
  for (int round = 0; round < 200; ++round) {
    const int64_t far = kArenaBase + Rig::kArena / 2;
    const auto small = [&](int64_t n) { return rig.below(n); };
    rig.check_same({Rig::fill_ub(65536),
                    make_instr(CopyGmToUbuf, {small(100) * 32, kArenaBase + small(5000), small(5), small(20), small(5), small(5)}),
                    make_instr(CopyGmToUbufAlign, {small(100) * 32, kArenaBase + small(5000), small(5), small(200), small(50), small(5), small(64)}),
                    make_instr(CopyUbufToUbuf, {32768 + small(100) * 32, small(100) * 32, small(5), small(20), small(5), small(5)}),
                    make_instr(CopyUbufToGmAlign, {far + 262144 + small(50), small(100) * 32, small(5), small(200), small(5), small(50)}),
                    make_instr(CopyUbufToGm, {far + 131072 + small(50), small(100) * 32, small(5), small(20), small(5), small(5)}), Rig::dump_ub(65536)});
    rig.check_same({make_instr(CopyGmToUbuf, {0, kArenaBase, 1, 64, 0, 0}), make_instr(CopyUbufToCbuf, {small(10) * 32, 0, 1, 64, 0, 0})});
  }
}

// L1 is filled with tame halves; what reaches L0C leaves through UB as fp32.
struct CubeRig : Rig {
  explicit CubeRig(const Soc& chip, uint64_t seed) : Rig(chip, seed) { tame_halves(); }

  Program prologue() const { return {fill_l1(262144)}; }
  void finish(Program& program, int64_t fractals, int64_t mode = 0, int64_t relu = 0) const {
    const int64_t blocks = fractals * (mode == 0 ? 32 : 16);
    program.push_back(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, fractals, 0, 0, mode, relu}));
    program.push_back(make_instr(CopyUbufToGm, {kArenaBase + kArena / 2, 0, 1, blocks, 0, 0}));
  }
};

TEST_CASE("mad: the bits of a scalar loop over ascending k, for every shape of tile") {
  CubeRig rig(test::coupled_soc(), 5);
  const int64_t shapes[][3] = {{16, 16, 16}, {1, 16, 16}, {17, 32, 48}, {5, 64, 16}, {31, 48, 80}, {100, 32, 32}, {40, 20, 50}, {14, 112, 64}};
  for (const auto& [m, k, n] : shapes)
    for (int64_t init : {1, 0}) {
      const int64_t m1 = (m + 15) / 16, k1 = (k + 15) / 16, n1 = (n + 15) / 16;
      Program program = rig.prologue();
      program.push_back(make_instr(CopyGmToUbuf, {0, kArenaBase + 4096, 1, 64, 0, 0}));
      program.push_back(make_instr(BroadcastUbToCc, {0, 0, n1, m1, 0}));
      program.push_back(make_instr(LoadCbufToCa, {0, 512, m1 * k1, 1, 0, 0}));
      program.push_back(make_instr(LoadCbufToCb, {0, 65536, k1 * n1, 1, 0, 0}));
      program.push_back(make_instr(Mad, {0, 0, 0, m, k, n, init}));
      rig.finish(program, m1 * n1);
      rig.check_same(program);
    }
}

TEST_CASE("mad: splitting k over instructions changes no bit") {
  const auto run = [](int64_t split) {
    CubeRig rig(test::coupled_soc(), 6);
    Program program = rig.prologue();
    for (int64_t first = 0; first < 8; first += split) {
      // A is [m1][k1], its columns are gathered one by one; B is [k1][n1].
      for (int64_t m1 = 0; m1 < 3; ++m1) program.push_back(make_instr(LoadCbufToCa, {m1 * split * 512, (m1 * 8 + first) * 512, split, 1, 0, 0}));
      program.push_back(make_instr(LoadCbufToCb, {0, 65536 + first * 4 * 512, split * 4, 1, 0, 0}));
      program.push_back(make_instr(Mad, {0, 0, 0, 48, split * 16, 64, first == 0}));
    }
    rig.finish(program, 12);
    rig.check_same(program);
    const auto arena = rig.memory.read(kArenaBase + Rig::kArena / 2, 12 * 1024);
    return std::vector<std::byte>(arena->begin(), arena->end());
  };
  const auto whole = run(8);
  CHECK(run(4) == whole);
  CHECK(run(1) == whole);
}

TEST_CASE("mad: NaN, infinity, signed zeros and padding columns follow the scalar loop") {
  for (int round = 0; round < 120; ++round) {
    Rig rig(test::coupled_soc(), static_cast<uint64_t>(100 + round));
    const auto arena = rig.memory.write(kArenaBase, 65536);
    auto* halves = reinterpret_cast<uint16_t*>(rig.naive.arena.data());
    const uint16_t specials[] = {0x7c00, 0xfc00, 0x7e00, 0x8000, 0x0001, 0x7bff, 0x0000, 0x0000};
    // Columns from `used` on, or of each four those from `of_four` on, hold +0 (or, sometimes, -0): what C0 padding looks like.
    const int64_t used = rig.below(17), of_four = round % 3 == 0 ? 4 : rig.below(5);
    for (int64_t i = 0; i < 32768; ++i)
      halves[i] = i % 16 >= used || i % 4 >= of_four ? (round % 4 == 0 && rig.below(50) == 0 ? 0x8000 : 0) : rig.below(20) == 0 ? specials[rig.below(8)] : test::naive_half(static_cast<double>(rig.below(64)) - 32, false);
    std::memcpy(arena->data(), halves, 65536);
    Program program{Rig::fill_l1(65536), make_instr(CopyGmToUbuf, {0, kArenaBase + 512, 1, 64, 0, 0}),
                    make_instr(VectorDup, {0, 0, 0x80000000, 1, 1, 8}), make_instr(BroadcastUbToCc, {0, 0, 2, 2, 0}),
                    make_instr(LoadCbufToCa, {0, 0, 6, 1, 0, 0}), make_instr(LoadCbufToCb, {0, 4096, 6, 1, 0, 0}),
                    make_instr(Mad, {0, 0, 0, 32, 48, 32, round % 2}), make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 4, 0, 0, 0, 0}),
                    make_instr(CopyMatrixCcToUbuf, {8192, 0, 2, 2, 0, 3, 1, 0}), make_instr(CopyMatrixCcToUbuf, {16384, 0, 1, 4, 0, 0, 1, 1}),
                    make_instr(CopyMatrixCcToUbuf, {24576, 0, 1, 4, 0, 0, 0, 1}), make_instr(CopyUbufToGm, {kArenaBase + Rig::kArena / 2, 0, 1, 128, 0, 0}),
                    make_instr(CopyUbufToGm, {kArenaBase + Rig::kArena / 2 + 4096, 8192, 1, 32, 0, 0}),
                    make_instr(CopyUbufToGm, {kArenaBase + Rig::kArena / 2 + 8192, 16384, 1, 64, 0, 0}),
                    make_instr(CopyUbufToGm, {kArenaBase + Rig::kArena / 2 + 16384, 24576, 1, 128, 0, 0})};
    rig.check_same(program);
  }
}

TEST_CASE("load 2D: strides, gaps and transposes") {
  CubeRig rig(test::coupled_soc(), 8);
  for (int64_t transpose = 0; transpose < 4; ++transpose)
    for (int round = 0; round < 5; ++round) {
      Program program = rig.prologue();
      const int64_t a_stride = rig.below(3), gap = rig.below(2);
      program.push_back(make_instr(LoadCbufToCa, {0, rig.below(100) * 32, 4, 1, 0, 0}));
      program.push_back(make_instr(LoadCbufToCa, {0, rig.below(100) * 32, 4 / (gap + 1), a_stride, gap, transpose & 1}));
      program.push_back(make_instr(LoadCbufToCb, {0, 65536, 4, rig.below(3), 0, transpose >> 1}));
      program.push_back(make_instr(Mad, {0, 0, 0, 32, 32, 32, 1}));
      rig.finish(program, 4);
      rig.check_same(program);
    }
}

TEST_CASE("img2col against the index formula: strides, dilation, padding, windows of the matrix") {
  CubeRig rig(test::coupled_soc(), 9);
  int done = 0;
  while (done < 300) {
    const int64_t h = 1 + rig.below(12), w = 1 + rig.below(20), c1 = 1 + rig.below(3);
    const int64_t pl = rig.below(3), pr = rig.below(3), pt = rig.below(3), pb = rig.below(3);
    const int64_t fw = 1 + rig.below(rig.below(4) == 0 ? 5 : 3), fh = 1 + rig.below(3), sw = 1 + rig.below(3), sh = 1 + rig.below(3), dw = 1 + rig.below(2), dh = 1 + rig.below(2);
    const int64_t span_w = w + pl + pr - (fw - 1) * dw - 1, span_h = h + pt + pb - (fh - 1) * dh - 1;
    if (span_w < 0 || span_h < 0) continue;
    ++done;
    const int64_t all_m = (span_w / sw + 1) * (span_h / sh + 1), all_k1 = c1 * fw * fh;
    const int64_t first_k1 = rig.below(all_k1), k1 = 1 + rig.below(std::min<int64_t>(all_k1 - first_k1, 9));
    const int64_t first_m = rig.below(all_m), m = 1 + rig.below(std::min<int64_t>(96, all_m - first_m + 20));
    const int64_t m1 = (m + 15) / 16;
    const int64_t channels = c1 * 16 - rig.below(16);
    // B's first fractal is the same for every k: what A holds reaches C in some combination of columns.
    Program program = rig.prologue();
    program.push_back(make_instr(SetPadding, {rig.below(2) ? 0x3c00 : 0}));
    program.push_back(make_instr(SetFMatrix, {h, w, pl, pr, pt, pb}));
    program.push_back(make_instr(Img2ColV2CbufToCa, {0, 64, k1 * 16, m, first_k1 * 16, first_m, sw, sh, fw, fh, dw, dh, channels == 4 ? 5 : channels}));  // 4: small channels, cube_types_test.cpp
    program.push_back(make_instr(LoadCbufToCb, {0, 131072, k1, 1, 0, 0}));
    program.push_back(make_instr(Mad, {0, 0, 0, m1 * 16, k1 * 16, 16, 1}));
    rig.finish(program, m1);
    rig.check_same(program);
  }
  // A 1x1 window that visits every pixel takes a path of its own.
  for (int64_t first_m : {0, 7, 40}) {
    Program program = rig.prologue();
    program.push_back(make_instr(SetFMatrix, {9, 7, 0, 0, 0, 0}));
    program.push_back(make_instr(Img2ColV2CbufToCa, {0, 64, 48, 40, 0, first_m, 1, 1, 1, 1, 1, 1, 48}));
    program.push_back(make_instr(LoadCbufToCb, {0, 131072, 3, 1, 0, 0}));
    program.push_back(make_instr(Mad, {0, 0, 0, 40, 48, 16, 1}));
    rig.finish(program, 3);
    rig.check_same(program);
  }
}

TEST_CASE("split cores: nd2nz in, bias table, FIX out") {
  CubeRig rig(test::split_soc(), 10);
  for (int round = 0; round < 20; ++round) {
    const int64_t m = 1 + rig.below(40), n = 1 + rig.below(50), m1 = (m + 15) / 16, n1 = (n + 15) / 16;
    Program program{Rig::fill_l1(262144)};
    const int64_t k = 1 + rig.below(60), k1 = (k + 15) / 16;
    program.push_back(make_instr(CopyGmToCbufNd2Nz, {0, kArenaBase + 2 * rig.below(500), m, k, 64 + rig.below(10), m1 * 16}));
    for (int64_t i = 0; i < m1; ++i) program.push_back(make_instr(LoadCbufToCa, {i * k1 * 512, i * 512, k1, m1, 0, 0}));
    program.push_back(make_instr(LoadCbufToCb, {0, 65536, k1 * n1, 1, 0, 0}));
    program.push_back(make_instr(CopyCbufToBt, {0, 131072, n1, round % 2}));
    program.push_back(make_instr(Mad, {0, 0, 0, m, k1 * 16, n, 2}));
    const int64_t out = kArenaBase + Rig::kArena / 2 + 2 * rig.below(30);
    if (round % 3 == 0) program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, m, n, 2 * n + rig.below(10), m1, 1, rig.below(2), 1}));
    else if (round % 3 == 1) program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, m, n, m + rig.below(4), m1, 1, rig.below(2), 0}));
    else program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, m, n, 4 * n, m1, 0, rig.below(2), 1}));
    rig.check_same(program);
  }
}

}  // namespace
}  // namespace npu
