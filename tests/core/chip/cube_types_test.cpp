// SPDX-License-Identifier: Apache-2.0
// The cube's rows for every type and every mode, with random legal operands, against the loops of the rows.
#include <doctest/doctest.h>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;
using enum Opcode;

constexpr int kCases = 10000;  // of a row, of mad for each pair of types
constexpr int64_t kBatch = 80;  // a program
constexpr int64_t kOut = kArenaBase + Rig::kArena / 2, kSlot = Rig::kArena / 2 / kBatch / 1024 * 1024;
constexpr int64_t kDiagonals = 131072, kTables = 196608, kL1Bytes = 262144;  // zones of the arena and of L1

int64_t arg(VecType type) { return static_cast<int64_t>(type); }

// Random bytes, many of them 0, some fractals diagonal, and tables of quantisation parameters that hit the range of 8 bits.
struct TypesRig : Rig {
  TypesRig(const Soc& chip, uint64_t seed) : Rig(chip, seed) {
    auto& bytes = naive.arena;
    for (int64_t f = 0; f < 256; ++f)
      if (f % 3 == 0)
        for (int64_t i = 0; i < 512; ++i) bytes[static_cast<size_t>(f * 512 + i)] = below(4) ? 0 : bytes[static_cast<size_t>(f * 512 + i)];
    for (int64_t f = 0; f < (kTables - kDiagonals) / 512; ++f)
      for (int64_t n = 0; n < 16; ++n)
        for (int64_t k = 0; k < 32; ++k)
          if (k != n + f % 2 * 16 && below(20000)) bytes[static_cast<size_t>(kDiagonals + f * 512 + n * 32 + k)] = 0;
    for (int64_t i = 0; i < (kL1Bytes - kTables) / 8; ++i) {
      const uint64_t quant = random_quant(i / 16 % 2);
      std::memcpy(bytes.data() + kTables + i * 8, &quant, 8);
    }
    const auto arena = memory.write(kArenaBase, kArena);
    std::memcpy(arena->data(), bytes.data(), bytes.size());
  }

  uint64_t random_quant(int64_t to_s8) {
    const float scale = std::ldexp(std::uniform_real_distribution<float>(-1.2f, 2.0f)(random), -static_cast<int>(below(18)));
    return static_cast<uint64_t>(below(1 << 30)) << 48 | static_cast<uint64_t>(to_s8) << 46 | static_cast<uint64_t>(below(512)) << 37 | static_cast<uint64_t>(below(32)) << 32 |
           std::bit_cast<uint32_t>(scale);
  }
};

struct Types {
  VecType a, b;
  int64_t hf32;
};
const std::vector<Types> kCoupledTypes{{VecType::S8, VecType::S8, 0}, {VecType::U8, VecType::S8, 0}, {VecType::U8, VecType::U8, 0}, {VecType::S4, VecType::S4, 0},
                                       {VecType::F16, VecType::F16, 0}};
const std::vector<Types> kSplitTypes{{VecType::S8, VecType::S8, 0}, {VecType::BF16, VecType::BF16, 0}, {VecType::F32, VecType::F32, 0}, {VecType::F32, VecType::F32, 1},
                                     {VecType::S4, VecType::S4, 0}};

bool integers(VecType type) { return type == VecType::S8 || type == VecType::U8 || type == VecType::S4; }

// A mad of random shape; returns its [n1, m1]. What it starts from: zero, or s32 / f32 of UB or L1.
std::pair<int64_t, int64_t> add_mad(TypesRig& rig, Program& program, const Types& types) {
  const int64_t c0 = types.a == VecType::S4 ? 64 : 32 / vec_type_size(types.a);
  const bool small = rig.below(4) != 0;
  const int64_t m = 1 + rig.below(small ? 12 : 33), k = 1 + rig.below(small ? c0 + 2 : 3 * c0), n = 1 + rig.below(small ? 18 : 40);
  const int64_t m1 = (m + 15) / 16, k1 = (k + c0 - 1) / c0, n1 = (n + 15) / 16;
  const bool diagonal = rig.below(4) == 0;
  const VecType start = integers(types.a) ? VecType::S32 : rig.below(2) ? VecType::F32 : VecType::F16;
  int64_t init = rig.below(2);
  program.push_back(make_instr(LoadCbufToCa, {0, rig.below(200) * 512, m1 * k1, 1, 0, 0, arg(types.a)}));
  if (diagonal && n1 < 3) {
    for (int64_t j = 0; j < k1 * n1; ++j) program.push_back(make_instr(LoadCbufToCb, {j * 512, kDiagonals + (rig.below(50) * 2 + j % n1) * 512, 1, 1, 0, 0, arg(types.b)}));
  } else {
    program.push_back(make_instr(LoadCbufToCb, {0, rig.below(200) * 512, k1 * n1, 1, 0, 0, arg(types.b)}));
  }
  if (init == 0 && rig.soc.split) {
    program.push_back(make_instr(CopyCbufToBt, {0, rig.below(2000) * 32, n1, arg(start)}));
    init = 2;
  } else if (init == 0) {
    program.push_back(make_instr(BroadcastUbToCc, {0, rig.below(1000) * 32, n1, m1, arg(start)}));
  }
  program.push_back(make_instr(Mad, {0, 0, 0, m, k, n, init, arg(types.a), arg(types.b), types.hf32}));
  return {n1, m1};
}

TEST_CASE("mad: every pair of types, exact sums for integers, one rounding a step for floats") {
  for (const bool split : {false, true}) {
    TypesRig rig(split ? test::split_soc() : test::coupled_soc(), 41);
    const auto& all = split ? kSplitTypes : kCoupledTypes;
    for (int64_t done = 0; done < kCases * std::ssize(all); done += kBatch) {
      Program program{Rig::fill_l1(kL1Bytes)};
      if (!split) program.push_back(Rig::fill_ub(65536));
      for (int64_t i = 0; i < kBatch; ++i) {
        const Types& types = all[static_cast<size_t>(done / kCases)];
        const auto [n1, m1] = add_mad(rig, program, types);
        const auto mode = static_cast<int64_t>(integers(types.a) ? CopyMode::S32 : CopyMode::F32);
        if (split) {
          program.push_back(make_instr(CopyMatrixCcToGm, {kOut + i * kSlot, 0, m1 * 16, n1 * 16, m1 * 32, m1, mode, 0, 0, 0}));
        } else {
          program.push_back(make_instr(CopyMatrixCcToUbuf, {65536, 0, 1, n1 * m1, 0, 0, mode, 0, 0}));
          program.push_back(make_instr(CopyUbufToGm, {kOut + i * kSlot, 65536, 1, n1 * m1 * 32, 0, 0}));
        }
      }
      rig.check_same(program);
    }
    rig.require_cases(kCases, {split ? CopyCbufToBt : BroadcastUbToCc});
    rig.require_cases(kCases * static_cast<int>(all.size()), {Mad, LoadCbufToCa, LoadCbufToCb});
  }
}

// Of a mode's source: mostly sums of products, whose rows differ.
const Types& types_for(const CopyModeInfo& mode) {
  static const Types s8{VecType::S8, VecType::S8, 0}, f16{VecType::F16, VecType::F16, 0};
  return mode.from_s32 ? s8 : f16;
}

TEST_CASE("copy_matrix_cc_to_ubuf: every mode") {
  TypesRig rig(test::coupled_soc(), 42);
  for (int64_t done = 0; done < kCases; done += kBatch) {
    Program program{Rig::fill_l1(kL1Bytes), make_instr(CopyGmToUbuf, {0, kArenaBase + 131072, 1, 4096, 0, 0})};
    for (int64_t i = 0; i < kBatch; ++i) {
      int64_t mode = rig.below(static_cast<int64_t>(kCopyModes.size()));
      if (static_cast<CopyMode>(mode) == CopyMode::F322BF16) mode = static_cast<int64_t>(CopyMode::VREQ8);
      const CopyModeInfo& info = kCopyModes[static_cast<size_t>(mode)];
      program.push_back(make_instr(SetQuantPre, {static_cast<int64_t>(rig.random_quant(rig.below(2)))}));
      const auto [n1, m1] = add_mad(rig, program, types_for(info));
      const int64_t gap = rig.below(2), length = 1 + rig.below(m1);
      program.push_back(make_instr(VectorDup, {arg(VecType::S32), 131072, 0, 64, 1, 8}));
      program.push_back(make_instr(CopyMatrixCcToUbuf, {131072, 0, n1, length, m1 - length, gap, mode, rig.below(2), 65536 + rig.below(400) * 128}));
      program.push_back(make_instr(CopyUbufToGm, {kOut + i * kSlot, 131072, 1, kSlot / 32, 0, 0}));
    }
    rig.check_same(program);
  }
  rig.require_cases(kCases, {CopyMatrixCcToUbuf, SetQuantPre});
}

TEST_CASE("copy_matrix_cc_to_gm, copy_matrix_cc_to_cbuf, copy_cbuf_to_fbuf: every mode") {
  TypesRig rig(test::split_soc(), 43);
  while (rig.cases[static_cast<size_t>(CopyMatrixCcToCbuf)] < kCases) {
    Program program{Rig::fill_l1(kL1Bytes), make_instr(CopyCbufToFbuf, {0, kTables + rig.below(50) * 256, 1, 32, 0, 0})};
    for (int64_t i = 0; i < kBatch; ++i) {
      const int64_t mode = rig.below(static_cast<int64_t>(kCopyModes.size()));
      const CopyModeInfo& info = kCopyModes[static_cast<size_t>(mode)];
      program.push_back(make_instr(SetQuantPre, {static_cast<int64_t>(rig.random_quant(rig.below(2)))}));
      // Parameters of 16 columns agree in their type, which changes every 128 bytes: pieces keep their place modulo 256.
      const int64_t place = rig.below(16), gap = rig.below(4);
      program.push_back(make_instr(CopyCbufToFbuf, {place * 64, kTables + (place % 4 + rig.below(50) * 4) * 64, 1 + rig.below(2), 1 + rig.below(4), gap, gap % 2 ? gap : (gap + 4 * rig.below(2)) % 8}));
      const auto [n1, m1] = add_mad(rig, program, types_for(info));
      const int64_t m = 1 + rig.below(m1 * 16), n = 1 + rig.below(n1 * 16), relu = rig.below(2), table = rig.below(12) * 128;
      const int64_t out = kOut + i * kSlot + rig.below(20);
      if (rig.below(3) == 0) {
        program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, m, n, n * info.size + rig.below(8), m1, mode, relu, 1, table}));
      } else if (rig.below(2)) {
        program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, m, n, m * std::max(info.size, 2) / 2 + rig.below(3), m1, mode, relu, 0, table}));
      } else {
        // What is in L1 shows through a product of bytes.
        program.push_back(make_instr(CopyMatrixCcToCbuf, {0, 0, m, n, m * std::max(info.size, 2) / 2 + rig.below(3), m1, mode, relu, table}));
        program.push_back(make_instr(LoadCbufToCa, {0, 0, 4, 1, 0, 0, arg(VecType::U8)}));
        program.push_back(make_instr(LoadCbufToCb, {0, 65536, 4, 1, 0, 0, arg(VecType::S8)}));
        program.push_back(make_instr(Mad, {0, 0, 0, 32, 64, 32, 1, arg(VecType::U8), arg(VecType::S8), 0}));
        program.push_back(make_instr(CopyMatrixCcToGm, {out, 0, 32, 32, 64, 2, static_cast<int64_t>(CopyMode::S32), 0, 0, 0}));
      }
    }
    rig.check_same(program);
  }
  rig.require_cases(kCases, {CopyMatrixCcToGm, CopyMatrixCcToCbuf, CopyCbufToFbuf});
}

TEST_CASE("load 2D: random places, strides, gaps, transposes and both directions") {
  for (const bool split : {false, true}) {
    TypesRig rig(split ? test::split_soc() : test::coupled_soc(), 45);
    for (int64_t done = 0; done < kCases / 2; done += kBatch) {
      Program program{Rig::fill_l1(kL1Bytes), make_instr(LoadCbufToCa, {0, 0, 16, 1, 0, 0}), make_instr(LoadCbufToCb, {0, 65536, 16, 1, 0, 0})};
      for (int64_t i = 0; i < kBatch; ++i) {
        for (Opcode op : {LoadCbufToCa, LoadCbufToCb}) {
          const int64_t repeat = rig.below(4), stride = rig.below(4), decrement = rig.below(2);
          program.push_back(make_instr(op, {rig.below(8) * 512, (decrement ? 65536 : 0) + rig.below(400) * 32, repeat, stride, rig.below(3), rig.below(2), arg(VecType::F16), decrement}));
        }
        program.push_back(make_instr(Mad, {0, rig.below(15) * 512, rig.below(15) * 512, 16, 16, 16, 1}));
        if (split) {
          program.push_back(make_instr(CopyMatrixCcToGm, {kOut + i * kSlot, 0, 16, 16, 32, 1, static_cast<int64_t>(CopyMode::F32), 0, 0, 0}));
        } else {
          program.push_back(make_instr(CopyMatrixCcToUbuf, {65536, 0, 1, 1, 0, 0, static_cast<int64_t>(CopyMode::F32), 0, 0}));
          program.push_back(make_instr(CopyUbufToGm, {kOut + i * kSlot, 65536, 1, 32, 0, 0}));
        }
      }
      rig.check_same(program);
    }
    rig.require_cases(kCases / 2, {LoadCbufToCa, LoadCbufToCb});
  }
}

// One product of what img2col made; false: the window does not fit. small: 4 channels of a type of 1 or 2 bytes.
bool push_img2col(TypesRig& rig, const Types& types, bool small, int64_t slot, Program& program) {
  const int64_t c0 = types.a == VecType::S4 ? 64 : 32 / vec_type_size(types.a);
  const int64_t h = 1 + rig.below(6), w = 1 + rig.below(small ? 20 : 8), c1 = 1 + rig.below(2), pl = rig.below(small ? 4 : 3), pr = rig.below(3), pt = rig.below(3), pb = rig.below(3);
  const int64_t fw = 1 + rig.below(small ? 7 : 3), fh = 1 + rig.below(3), sw = 1 + rig.below(2), sh = 1 + rig.below(2), dw = 1 + rig.below(2), dh = 1 + rig.below(2);
  const int64_t span_w = w + pl + pr - (fw - 1) * dw - 1, span_h = h + pt + pb - (fh - 1) * dh - 1;
  if (span_w < 0 || span_h < 0) return false;
  int64_t channels = c1 * c0 - rig.below(c0);
  if (small) channels = 4;
  else if (channels == 4) channels = 5;
  const int64_t all_m = (span_w / sw + 1) * (span_h / sh + 1), all_k1 = small ? (4 * fw * fh + c0 - 1) / c0 : c1 * fw * fh, first_k1 = rig.below(all_k1);
  const int64_t k1 = 1 + rig.below(std::min<int64_t>(all_k1 - first_k1, 3)), first_m = rig.below(all_m), m = 1 + rig.below(32), m1 = (m + 15) / 16;
  program.push_back(make_instr(SetPadding, {rig.below(65536)}));
  program.push_back(make_instr(SetFMatrix, {h, w, pl, pr, pt, pb}));
  program.push_back(make_instr(Img2ColV2CbufToCa, {0, rig.below(200) * 32, k1 * c0, m, first_k1 * c0, first_m, sw, sh, fw, fh, dw, dh, channels, arg(types.a)}));
  program.push_back(make_instr(LoadCbufToCb, {0, rig.below(100) * 32, k1, rig.below(3), 0, vec_type_size(types.b) == 2 ? rig.below(2) : 0, arg(types.b)}));
  program.push_back(make_instr(Mad, {0, 0, 0, m1 * 16, k1 * c0, 16, 1, arg(types.a), arg(types.b), types.hf32}));
  const auto mode = static_cast<int64_t>(integers(types.a) ? CopyMode::S32 : CopyMode::F32);
  if (rig.soc.split) {
    program.push_back(make_instr(CopyMatrixCcToGm, {kOut + slot * kSlot, 0, m1 * 16, 16, m1 * 32, m1, mode, 0, 0, 0}));
  } else {
    program.push_back(make_instr(CopyMatrixCcToUbuf, {65536, 0, 1, m1, 0, 0, mode, 0, 0}));
    program.push_back(make_instr(CopyUbufToGm, {kOut + slot * kSlot, 65536, 1, m1 * 32, 0, 0}));
  }
  return true;
}

void check_img2col(TypesRig& rig, std::span<const Types> all, bool small) {
  for (int64_t done = 0; done < kCases / 2; done += kBatch) {
    Program program{Rig::fill_l1(kL1Bytes)};
    for (int64_t i = 0; i < kBatch;)
      i += push_img2col(rig, all[static_cast<size_t>(rig.below(std::ssize(all)))], small, i, program);
    rig.check_same(program);
  }
  rig.require_cases(kCases / 2, {SetPadding, SetFMatrix, Img2ColV2CbufToCa});
}

TEST_CASE("img2col and load 2D: every type") {
  TypesRig coupled(test::coupled_soc(), 44), split(test::split_soc(), 44);
  check_img2col(coupled, kCoupledTypes, false);
  check_img2col(split, kSplitTypes, false);
}

TEST_CASE("img2col of small channels") {
  TypesRig coupled(test::coupled_soc(), 46), split(test::split_soc(), 46);
  const Types older[] = {{VecType::F16, VecType::F16, 0}, {VecType::S8, VecType::S8, 0}, {VecType::U8, VecType::S8, 0}};
  const Types newer[] = {older[0], older[1], {VecType::BF16, VecType::BF16, 0}};
  check_img2col(coupled, older, true);
  check_img2col(split, newer, true);
}

TEST_CASE("types and modes that a chip has not are refused with their names") {
  const auto what = [](const Soc& soc, const Program& program) {
    Rig rig(soc);
    Program all{Rig::fill_l1(65536)};
    all.insert(all.end(), program.begin(), program.end());
    return rig.error_of(all).what;
  };
  const Soc coupled = test::coupled_soc(), split = test::split_soc();
  const auto load = [](Opcode op, VecType type) { return make_instr(op, {0, 0, 1, 1, 0, 0, arg(type)}); };
  const auto mad = [](VecType a, VecType b, int64_t hf32) { return make_instr(Mad, {0, 0, 0, 16, 8, 16, 1, arg(a), arg(b), hf32}); };
  CHECK(what(coupled, {load(LoadCbufToCa, VecType::BF16)}) == "the cube of Ascend310 does not multiply bf16");
  CHECK(what(coupled, {load(LoadCbufToCb, VecType::F32)}) == "the cube of Ascend310 does not multiply f32");
  CHECK(what(coupled, {load(LoadCbufToCa, VecType::S16)}) == "type s16 cannot enter L0");
  CHECK(what(coupled, {make_instr(SetFMatrix, {4, 4, 0, 0, 0, 0}), make_instr(Img2ColV2CbufToCa, {0, 0, 16, 16, 0, 0, 1, 1, 1, 1, 1, 1, 16, arg(VecType::S32)})}) == "type s32 cannot enter L0");
  CHECK(what(coupled, {make_instr(LoadCbufToCa, {0, 0, 1, 1, 0, 1, arg(VecType::S8)})}) == "transpose of s8 is not implemented: only types of 2 bytes");
  CHECK(what(coupled, {mad(VecType::BF16, VecType::BF16, 0)}) == "the cube of Ascend310 does not multiply bf16 by bf16");
  CHECK(what(split, {mad(VecType::S8, VecType::U8, 0)}) == "the cube of Ascend910B3 does not multiply s8 by u8");
  CHECK(what(split, {mad(VecType::F16, VecType::F16, 1)}) == "hf32 needs f32 operands");
  CHECK(what(coupled, {load(LoadCbufToCa, VecType::S8), load(LoadCbufToCb, VecType::S8), mad(VecType::U8, VecType::S8, 0)}) == "L0A[0x0] was loaded as s8, not as u8");
  CHECK(what(coupled, {load(LoadCbufToCa, VecType::S8), load(LoadCbufToCb, VecType::F16), mad(VecType::S8, VecType::S8, 0)}) == "L0B[0x0] was loaded as f16, not as s8");
  const Program product{load(LoadCbufToCa, VecType::S8), load(LoadCbufToCb, VecType::S8), mad(VecType::S8, VecType::S8, 0)};
  const auto then = [&](const Instr& last, Program program) { return program.push_back(last), program; };
  const auto mode = [](CopyMode m) { return static_cast<int64_t>(m); };
  CHECK(what(coupled, then(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, mode(CopyMode::F322BF16), 0, 0}), product)) == "Ascend310 has no bf16");
  CHECK(what(coupled, then(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, mode(CopyMode::VREQ8), 0, 8}), product)) == "quant is UB[0x8], not a multiple of 32");
  CHECK(what(coupled, then(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 1, 0, 0, mode(CopyMode::VREQ8), 0, 4096}), product)) == "read of UB[0x1000, 0x1080): nothing wrote UB[0x1000]");
  CHECK(what(split, then(make_instr(CopyMatrixCcToGm, {kArenaBase, 0, 16, 16, 16, 1, mode(CopyMode::VREQ8), 0, 0, 0}), product)) == "read of FB[0x0, 0x80): nothing wrote FB[0x0]");
  CHECK(what(split, then(make_instr(CopyMatrixCcToCbuf, {8, 0, 16, 16, 16, 1, 0, 0, 0}), product)) == "dst is L1[0x8], not a multiple of 32");
  CHECK(what(split, {make_instr(CopyCbufToFbuf, {32, 0, 1, 1, 0, 0})}) == "dst is FB[0x20], not a multiple of 64");
  CHECK(what(coupled, {make_instr(CopyCbufToFbuf, {0, 0, 1, 1, 0, 0})}).find("the buffer has 0x0 bytes") != std::string::npos);
}

TEST_CASE("what memory, state and other operands make illegal halts with the values") {
  const auto what = [](const Soc& soc, const Program& program) {
    Rig rig(soc);
    // Two quantisation parameters that disagree, at the arena's start.
    const uint64_t quants[] = {uint64_t{1} << 46, 0};
    std::memcpy(rig.memory.write(kArenaBase, 16)->data(), quants, 16);
    Program all{Rig::fill_l1(65536)};
    all.insert(all.end(), program.begin(), program.end());
    return rig.error_of(all).what;
  };
  const Soc coupled = test::coupled_soc(), split = test::split_soc();
  const auto product = [](VecType type, const Program& rest) {
    Program program{make_instr(LoadCbufToCa, {0, 0, 1, 1, 0, 0, arg(type)}), make_instr(LoadCbufToCb, {0, 0, 1, 1, 0, 0, arg(type)}), make_instr(Mad, {0, 0, 0, 16, 16, 16, 1, arg(type), arg(type), 0})};
    program.insert(program.end(), rest.begin(), rest.end());
    return program;
  };
  const auto mode = [](CopyMode m) { return static_cast<int64_t>(m); };
  CHECK(what(split, product(VecType::S8, {make_instr(CopyCbufToFbuf, {0, 0, 1, 2, 0, 0}), make_instr(CopyMatrixCcToGm, {kOut, 0, 16, 16, 16, 1, mode(CopyMode::VREQ8), 0, 0, 0})})) ==
        "column 1 of a quantisation table asks for u8, column 0 for s8");
  CHECK(what(split, product(VecType::S8, {make_instr(SetAtomicAdd, {arg(VecType::S8)}), make_instr(CopyMatrixCcToGm, {kOut, 0, 16, 16, 16, 1, mode(CopyMode::REQ8), 0, 0, 0})})) ==
        "mode req8 with atomic updates needs nz2nd: its fractals are written in halves");
  CHECK(what(split, product(VecType::F16, {make_instr(SetAtomicAdd, {arg(VecType::F32)}), make_instr(CopyMatrixCcToGm, {kOut, 0, 1, 5, 10, 1, mode(CopyMode::F322F16), 0, 1, 0})})) ==
        "10 bytes are no whole number of f32 to update atomically");
  CHECK(what(split, {make_instr(CopyCbufToBt, {0, 0, 1, arg(VecType::S16)})}) == "src_type s16 is not implemented: only f16, f32 and s32");
  CHECK(what(coupled, {Rig::fill_ub(4096), make_instr(BroadcastUbToCc, {0, 0, 1, 1, arg(VecType::U8)})}) == "src_type u8 is not implemented: only f16, f32 and s32");
  const auto window = [](int64_t pos_k, int64_t step_k, int64_t filter) { return make_instr(Img2ColV2CbufToCa, {0, 0, step_k, 16, pos_k, 0, 1, 1, filter, 1, 1, 1, 16}); };
  const Instr map = make_instr(SetFMatrix, {4, 4, 1, 0, 0, 0});
  CHECK(what(coupled, {map, window(8, 16, 1)}) == "pos_k 8 and step_k 16 must be multiples of 16");
  CHECK(what(coupled, {map, window(32, 16, 2)}) == "columns 32 to 48 of a matrix that has 32");
  CHECK(what(coupled, {map, window(0, 16, 6)}) == "filter 1x6 (dilation 1x1, stride 1x1) does not fit into the map of 4x4 with padding top 0, bottom 0, left 1, right 0");
  const auto counted = [&](int64_t lanes, VecType type) { return what(split, {make_instr(SetMaskCount, {}), make_instr(SetVectorMask, {0, lanes}), make_instr(Vand, {arg(type), 0, 0, 0, 1, 1, 1, 1, 8, 8, 8})}); };
  CHECK(counted(-1, VecType::U16) == "-1 lanes in counter mode");
  CHECK(counted(int64_t{1} << 40, VecType::U16) == "1099511627776 lanes in counter mode");
  CHECK(what(split, {make_instr(SetMaskCount, {}), make_instr(SetVectorMask, {0, 100}), make_instr(VectorDup, {arg(VecType::U8), 0, 0, 1, 1, 8})}) ==
        "100 lanes in counter mode are no multiple of 256: the mask has 128 bits");
  Rig rig(coupled);
  CHECK(rig.core.contents(Buffer::UB, 8, int64_t{1} << 30).error().what.starts_with("[0x8, 0x40000000) is outside its "));
}

}  // namespace
}  // namespace npu
