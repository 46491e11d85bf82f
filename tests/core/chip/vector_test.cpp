// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <bit>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using test::Rig;

constexpr int64_t kUb = 32768;  // bytes the tests use
constexpr int kRounds = 60;

Instr random_mask(Rig& rig) {
  const int64_t count = rig.below(129);
  switch (rig.below(4)) {
    case 0: return make_instr(Opcode::SetVectorMask, {static_cast<int64_t>(rig.random()), static_cast<int64_t>(rig.random())});
    case 1:
      return make_instr(Opcode::SetVectorMask, {count <= 64 ? 0 : count == 128 ? -1 : static_cast<int64_t>((uint64_t{1} << (count - 64)) - 1),
                                                count >= 64 ? -1 : static_cast<int64_t>((uint64_t{1} << count) - 1)});
    default: return make_instr(Opcode::SetVectorMask, {-1, -1});
  }
}

struct Strides { int64_t blk, rep; };
Strides random_strides(Rig& rig) {
  switch (rig.below(6)) {
    case 0: return {rig.below(4), rig.below(12)};
    case 1: return {0, 0};
    case 2: return {1, 0};
    case 3: return {8, 1};
    default: return {1, 8};
  }
}

int64_t random_address(Rig& rig) { return rig.below(4) == 0 ? rig.below(4) * 32 : rig.below(300) * 32; }

// An arena whose lanes of that type are ordinary numbers as often as not: random bits have NaN and infinities.
void prepare(Rig& rig, int64_t type) {
  if (type == 0 && rig.below(2)) rig.tame_halves();
}

TEST_CASE("element-wise instructions against the scalar loops: strides, masks, overlaps, special values") {
  struct Row { Opcode op; int64_t types; };  // types: the first so many of f16, f32, s32, s16
  using enum Opcode;
  const Row binaries[] = {{Vadd, 4}, {Vsub, 4}, {Vmul, 4}, {Vdiv, 2}, {Vmax, 4}, {Vmin, 4}, {Vmla, 2}};
  const Row scalars[] = {{Vadds, 4}, {Vmuls, 4}, {Vmaxs, 4}, {Vmins, 4}, {Vlrelu, 2}, {Vaxpy, 2}};
  const Row unaries[] = {{Vabs, 4}, {Vrelu, 4}, {Vrec, 2}, {Vsqrt, 2}, {Vrsqrt, 2}};
  for (const Soc& soc : {test::coupled_soc(), test::split_soc()}) {
    Rig rig(soc, 7);
    const auto check = [&](auto make) {
      Program program{Rig::fill_ub(kUb)};
      for (int i = 0; i < 3; ++i) program.push_back(random_mask(rig)), program.push_back(make());
      program.push_back(Rig::dump_ub(kUb));
      rig.check_same(program);
    };
    for (int round = 0; round < kRounds; ++round) {
      prepare(rig, round % 2);
      for (const Row& row : binaries)
        check([&] {
          const Strides d = random_strides(rig), a = random_strides(rig), b = random_strides(rig);
          return make_instr(row.op, {rig.below(row.types), random_address(rig), random_address(rig), random_address(rig), rig.below(20),
                                     d.blk, a.blk, b.blk, d.rep, a.rep, b.rep});
        });
      for (const Row& row : scalars)
        check([&] {
          const Strides d = random_strides(rig), a = random_strides(rig);
          const int64_t type = rig.below(row.types);
          const int64_t scalar = type >= 2 ? std::bit_cast<uint32_t>(static_cast<float>(rig.below(200) - 100)) : rig.float_bits(-3, 3);
          return make_instr(row.op, {type, random_address(rig), random_address(rig), rig.below(20), d.blk, a.blk, d.rep, a.rep, scalar});
        });
      for (const Row& row : unaries)
        check([&] {
          const Strides d = random_strides(rig), a = random_strides(rig);
          return make_instr(row.op, {rig.below(row.types), random_address(rig), random_address(rig), rig.below(20), d.blk, a.blk, d.rep, a.rep});
        });
    }
  }
}

TEST_CASE("the paths that matter for speed: contiguous, in place, broadcast blocks, accumulation into one block") {
  Rig rig(test::coupled_soc(), 11);
  rig.tame_halves();
  const auto check = [&](const Instr& instr) { rig.check_same({Rig::fill_ub(kUb), instr, Rig::dump_ub(kUb)}); };
  check(make_instr(Opcode::Vadd, {0, 0, 8192, 16384, 32, 1, 1, 1, 8, 8, 8}));
  check(make_instr(Opcode::Vadd, {0, 8192, 8192, 16384, 32, 1, 1, 1, 8, 8, 8}));
  check(make_instr(Opcode::Vadd, {0, 8192, 16384, 8192, 31, 1, 1, 1, 8, 8, 8}));
  check(make_instr(Opcode::Vmul, {0, 0, 8192, 16384, 19, 1, 1, 0, 8, 8, 0}));
  check(make_instr(Opcode::Vmul, {1, 0, 8192, 16384, 19, 1, 1, 0, 8, 8, 0}));
  check(make_instr(Opcode::Vadd, {0, 0, 8192, 16384, 19, 1, 1, 1, 8, 8, 0}));
  check(make_instr(Opcode::Vadd, {0, 0, 0, 8192, 25, 1, 1, 1, 0, 0, 8}));    // dst += each repeat of src1
  check(make_instr(Opcode::Vmla, {0, 0, 8192, 16384, 25, 1, 1, 1, 0, 8, 8}));
  check(make_instr(Opcode::Vmax, {0, 256, 0, 8192, 25, 1, 1, 1, 8, 8, 8}));  // a repeat reads what the one before wrote
  check(make_instr(Opcode::Vadds, {0, 32, 0, 9, 1, 1, 8, 8, rig.float_bits(1, 2)}));
  check(make_instr(Opcode::Vmuls, {0, 0, 4096, 8, 8, 8, 1, 1, rig.float_bits(1, 2)}));
  check(make_instr(Opcode::Vrelu, {0, 4096, 4096, 8, 8, 8, 1, 1}));
}

TEST_CASE("conversions of types against the scalar loops") {
  Rig rig(test::coupled_soc(), 13);
  for (int round = 0; round < 12; ++round) {
    prepare(rig, round % 2);
    for (int64_t to = 0; to < 6; ++to)
      for (int64_t from = 0; from < 6; ++from) {
        if (to == from) continue;
        const int dst_size = vec_type_size(static_cast<VecType>(to)), src_size = vec_type_size(static_cast<VecType>(from)), wide = std::max(dst_size, src_size);
        const bool plain = rig.below(2), to_integer = to >= 2;
        const Strides d = plain ? Strides{1, 8 * dst_size / wide} : random_strides(rig), s = plain ? Strides{1, 8 * src_size / wide} : random_strides(rig);
        rig.check_same({Rig::fill_ub(kUb), random_mask(rig),
                        make_instr(Opcode::Vconv, {to, from, random_address(rig), random_address(rig), rig.below(20), d.blk, s.blk, d.rep, s.rep, to_integer ? rig.below(4) : 0}),
                        Rig::dump_ub(kUb)});
      }
  }
}

TEST_CASE("conversion to fp16 with a direction: the neighbours of every rounding") {
  Rig rig(test::split_soc(), 17);
  std::vector<float> values;
  for (int i = 0; i < 1024; ++i) values.push_back(std::ldexp(static_cast<float>(rig.below(1 << 24)) - (1 << 23), static_cast<int>(rig.below(50)) - 45));
  for (float v : {0.0f, -0.0f, 65504.0f, 65505.0f, 65519.9f, 65520.0f, 1e6f, INFINITY, 1e-9f, 6e-8f, 1024.5f, 2049.0f}) values.push_back(v), values.push_back(-v);
  values.resize(1088);
  std::memcpy(rig.memory.write(kArenaBase, 4352)->data(), values.data(), 4352);
  for (int64_t mode = 0; mode < 4; ++mode) {
    REQUIRE(rig.core.execute({Rig::fill_ub(kUb), make_instr(Opcode::Vconv, {0, 1, 8192, 0, 17, 1, 1, 4, 8, mode}), Rig::dump_ub(kUb / 2)}, rig.memory).has_value());
    const auto out = rig.memory.read(kArenaBase + Rig::kArena / 2 + 8192, 2176);
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t half;
      std::memcpy(&half, out->data() + i * 2, 2);
      const double value = values[i], result = test::naive_value(half);
      CAPTURE(value);
      CAPTURE(mode);
      if (mode == 0) { CHECK(half == test::naive_half(value, false)); continue; }
      const bool down = mode == 1 || (mode == 3 && value > 0);
      CHECK(std::signbit(result) == std::signbit(value));
      if (down) CHECK(result <= value);
      else CHECK(result >= value);
      if (std::isinf(result) || std::fabs(result) == 65504) continue;
      // Nothing representable lies between.
      const uint16_t nearest = test::naive_half(value, false);
      CHECK(std::abs((half & 0x7fff) - (nearest & 0x7fff)) <= 1);
      if (test::naive_value(nearest) == value) CHECK(result == value);
    }
  }
}

TEST_CASE("reductions, comparison, selection, transpose, broadcast against the scalar loops") {
  Rig rig(test::coupled_soc(), 19);
  using enum Opcode;
  for (int round = 0; round < 60; ++round) {
    const int64_t type = rig.below(2);
    prepare(rig, type);
    for (Opcode op : {Vcadd, Vcmax, Vcmin, Vcgadd, Vcgmax}) {
      const Strides s = random_strides(rig);
      rig.check_same({Rig::fill_ub(kUb), random_mask(rig), make_instr(op, {type, random_address(rig), random_address(rig), rig.below(20), 1 + rig.below(10), s.blk, s.rep}),
                      Rig::dump_ub(kUb)});
    }
    const int64_t repeat = rig.below(8);
    rig.check_same({Rig::fill_ub(kUb), make_instr(Vcmpv, {rig.below(6), 16384, 0, rig.below(2) * 4096, repeat, rig.below(6)}), Rig::dump_ub(kUb)});
    rig.check_same({Rig::fill_ub(kUb), random_mask(rig), make_instr(Vsel, {rig.below(6), 16384, rig.below(2) * 16384, 4096, 8192 + rig.below(4) * 32, repeat}), Rig::dump_ub(kUb)});
    rig.check_same({Rig::fill_ub(kUb), make_instr(ScatterVnchwconvB16, {random_address(rig), random_address(rig), rig.below(5), 1 + rig.below(20), 1 + rig.below(20), rig.below(20), rig.below(20)}),
                    Rig::dump_ub(kUb)});
    rig.check_same({Rig::fill_ub(kUb), make_instr(Vbrcb, {rig.below(6), 16384, rig.below(100) * 32, rig.below(9)}), Rig::dump_ub(kUb)});
    const Strides d = random_strides(rig);
    rig.check_same({Rig::fill_ub(kUb), random_mask(rig),
                    make_instr(VectorDup, {rig.below(6), random_address(rig), std::bit_cast<uint32_t>(static_cast<float>(rig.below(100))), rig.below(20), d.blk, d.rep}),
                    Rig::dump_ub(kUb)});
  }
}

TEST_CASE("vector_dup keeps what fp16 cannot hold as infinity: bounds of Clip stay bounds") {
  Rig rig(test::coupled_soc(), 23);
  rig.check_same({Rig::fill_ub(kUb), make_instr(Opcode::VectorDup, {0, 0, std::bit_cast<uint32_t>(3.4e38f), 1, 1, 8}),
                  make_instr(Opcode::Vmins, {0, 256, 512, 4, 1, 1, 8, 8, std::bit_cast<uint32_t>(3.4e38f)}), Rig::dump_ub(kUb)});
}

}  // namespace
}  // namespace npu
