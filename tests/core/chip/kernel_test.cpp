// SPDX-License-Identifier: Apache-2.0
// The SIMD kernels: numbers, and the same bits on every target this machine has.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "core/base/half.h"
#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/vector_kernels.h"
#include "tests/core/chip/naive_core.h"

namespace npu::kernels {
namespace {

#if defined(__x86_64__)
TEST_CASE("each instruction set of this machine has its tables") {
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
                    __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("gfni");
  std::set<std::string> targets;
  for (const CubeKernels& table : all_cube_kernels()) targets.insert(table.target);
  CHECK(targets.contains("AVX2") == (__builtin_cpu_supports("avx2") != 0));
  CHECK(targets.contains("AVX3") == avx512);
  CHECK(targets.contains("AVX3_DL") == vnni);
  CHECK(all_vector_kernels().size() == targets.size());
}
#endif

TEST_CASE("fp16 to fp32: all 65536 values") {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  for (const CubeKernels& table : all_cube_kernels()) {
    CAPTURE(std::string(table.target));
    std::vector<float> floats(65536);
    table.half_to_float(halves.data(), floats.data(), 65536);
    int wrong = 0;
    for (size_t i = 0; i < halves.size(); ++i) {
      const double expected = test::naive_value(halves[i]);
      wrong += std::isnan(expected) ? !std::isnan(floats[i]) : floats[i] != expected || std::signbit(floats[i]) != std::signbit(expected);
      if (!std::isnan(expected)) wrong += std::bit_cast<uint32_t>(floats[i]) != std::bit_cast<uint32_t>(half_bits_to_float(halves[i]));
    }
    CHECK(wrong == 0);
    // Lengths that are not whole blocks.
    float tail[21] = {};
    table.half_to_float(halves.data() + 0x3c00, tail, 20);
    CHECK(tail[19] == half_bits_to_float(0x3c13));
    CHECK(tail[20] == 0.0f);
  }
}

TEST_CASE("fp32 to fp16: every half, every tie between halves and its neighbours, random bits") {
  std::vector<float> floats;
  for (uint32_t h = 0; h < 0x7c00; ++h) {
    const float low = half_bits_to_float(static_cast<uint16_t>(h)), high = h + 1 == 0x7c00 ? 65536.0f : half_bits_to_float(static_cast<uint16_t>(h + 1));
    const float middle = (low + high) / 2;
    for (float f : {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) floats.push_back(f), floats.push_back(-f);
  }
  for (float f : {65519.996f, 65520.0f, 65536.0f, 1e10f, std::numeric_limits<float>::max(), INFINITY, 1e-40f, 0x1p-25f, 0x1.000002p-25f}) floats.push_back(f), floats.push_back(-f);
  for (uint32_t bits : {0x7f800001u, 0x7fc00000u, 0xffc00000u, 0xffffffffu}) floats.push_back(std::bit_cast<float>(bits));
  std::mt19937 random(1);
  while (floats.size() < 1000003) floats.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  for (const CubeKernels& table : all_cube_kernels())
    for (float limit : {65504.0f, 65536.0f}) {
      CAPTURE(std::string(table.target));
      CAPTURE(limit);
      std::vector<uint16_t> halves(floats.size()), rectified(floats.size());
      table.float_to_half(floats.data(), halves.data(), floats.size(), limit);
      table.relu_float_to_half(floats.data(), rectified.data(), floats.size(), limit);
      int wrong = 0;
      for (size_t i = 0; i < floats.size(); ++i) {
        const uint16_t expected = test::naive_half(floats[i], limit < 65536);
        wrong += halves[i] != expected;
        wrong += rectified[i] != (floats[i] <= 0 ? 0 : expected);
        if (limit == 65536 && !std::isnan(floats[i])) wrong += halves[i] != float_to_half_bits(floats[i]);
      }
      CHECK(wrong == 0);
    }
}

// What std:: in double says, rounded to fp16; and how far fp32 results are from it, in units of their last place.
struct Function {
  VectorOp op;
  double (*exact)(double);
  double ulp;  // documented bound
};

const Function kFunctions[] = {
    {VectorOp::Exp, [](double x) { return std::exp(x); }, 1.2},
    {VectorOp::Ln, [](double x) { return x < 0 ? std::numeric_limits<double>::quiet_NaN() : std::log(x); }, 1.6},
    {VectorOp::Rec, [](double x) { return 1 / x; }, 0.5},
    {VectorOp::Sqrt, [](double x) { return std::sqrt(x); }, 0.5},
    {VectorOp::Rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1.5},
};

double ulp_error(float actual, double expected) {
  if (std::isnan(expected) || std::isinf(static_cast<float>(expected))) return std::isnan(expected) ? !std::isnan(actual) : (actual != static_cast<float>(expected)) * 1e9;
  const int exponent = std::max(expected == 0 ? -126 : std::ilogb(expected), -126);
  return std::fabs(actual - expected) / std::ldexp(1, exponent - 23);
}

TEST_CASE("exp, ln, rec, sqrt, rsqrt: every fp16 argument") {
  std::vector<uint16_t> in(65536), out(65536);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint16_t>(i);
  for (const VectorKernels& table : all_vector_kernels())
    for (const Function& function : kFunctions) {
      table.vector[static_cast<size_t>(function.op)][0]({.dst = out.data(), .src0 = in.data(), .bytes = 131072, .limit = 65536});
      int wrong = 0, neighbours = 0;
      for (size_t i = 0; i < in.size(); ++i) {
        const uint16_t expected = test::naive_half(function.exact(test::naive_value(in[i])), false);
        neighbours += out[i] != expected;
        wrong += std::abs((out[i] & 0x7fff) - (expected & 0x7fff)) > 1 || (out[i] & 0x8000) != (expected & 0x8000);
      }
      CAPTURE(static_cast<int>(function.op));
      CHECK(wrong == 0);
      CHECK(neighbours <= 8);
    }
}

TEST_CASE("exp's short way for moderate operands gives the bits of the long one") {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> moderate(-86.99f, 86.99f);
  for (const VectorKernels& table : all_vector_kernels()) {
    const auto exp = table.vector[static_cast<size_t>(VectorOp::Exp)][1];
    int64_t different = 0;
    for (int i = 0; i < 4096; ++i) {
      alignas(64) float in[64], quick[64], slow[64];
      for (float& x : in) x = moderate(random);
      exp({.dst = quick, .src0 = in, .bytes = sizeof(in), .limit = 65536});
      in[63] = NAN;  // one lane sends the whole repeat the long way
      exp({.dst = slow, .src0 = in, .bytes = sizeof(in), .limit = 65536});
      different += std::memcmp(quick, slow, 63 * sizeof(float)) != 0;
      CHECK(std::isnan(slow[63]));
    }
    CHECK(different == 0);
  }
}

TEST_CASE("exp, ln, rec, sqrt, rsqrt in fp32: the documented error, subnormals and limits included") {
  std::mt19937 random(2);
  std::vector<float> in(1 << 18), out(in.size());
  for (const Function& function : kFunctions) {
    for (float& x : in) {
      const bool small = function.op == VectorOp::Exp && random() % 8;
      x = small ? std::uniform_real_distribution<float>(-104, 89)(random) : std::bit_cast<float>(static_cast<uint32_t>(random()));
      if (function.op == VectorOp::Ln && random() % 2) x = std::uniform_real_distribution<float>(0.5f, 2.0f)(random);
    }
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, 1.0f, 0x1p-126f, 0x1p-149f, 0x1p-130f, 88.72284f, 88.7229f, -87.4f, -103.9f, -104.1f, 1e30f, -1e30f, 0.70710677f, 1.4142135f};
    std::copy(std::begin(special), std::end(special), in.begin());
    vector_kernels().vector[static_cast<size_t>(function.op)][1]({.dst = out.data(), .src0 = in.data(), .bytes = in.size() * 4, .limit = 65536});
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < in.size(); ++i)
      if (const double error = ulp_error(out[i], function.exact(in[i])); error > worst) worst = error, where = in[i];
    CAPTURE(static_cast<int>(function.op));
    CAPTURE(where);
    CHECK(worst <= function.ulp);
    CHECK(worst > 0.1);
  }
}

// One number for what every kernel makes of random operands.
uint64_t fingerprint(const void* data, size_t bytes) {
  uint64_t hash = 1469598103934665603u;
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211u;
  return hash;
}

TEST_CASE("vector kernels: the same bits on every target, recorded") {
  std::mt19937 random(3);
  std::vector<uint32_t> a(4096), b(4096), c(4096);
  for (auto* operand : {&a, &b, &c})
    for (uint32_t& bits : *operand) bits = static_cast<uint32_t>(random());
  const auto tables = all_vector_kernels();
  uint64_t all = 0;
  for (size_t op = 0; op < kVectorOps; ++op)
    for (size_t type = 0; type <= static_cast<size_t>(VecType::S8); ++type)
      for (const bool scalar : {false, true}) {
        uint64_t first = 0;
        for (size_t t = 0; t < tables.size(); ++t) {
          const VectorKernel kernel = (scalar ? tables[t].scalar : tables[t].vector)[op][type];
          if (!kernel) continue;
          std::vector<uint32_t> dst = c;
          kernel({.dst = dst.data(), .src0 = a.data(), .src1 = b.data(), .scalar = 0x3e004200u >> (type == 0 ? 16 : 0), .bytes = dst.size() * 4, .limit = 65504});
          const uint64_t hash = fingerprint(dst.data(), dst.size() * 4);
          if (t == 0) first = hash;
          CAPTURE(op);
          CAPTURE(type);
          CHECK(hash == first);
        }
        all = all * 31 + first;
      }
  // Recorded natively; WebAssembly must give the same.
  CHECK(all == 4359838442091865218u);
}

TEST_CASE("cube kernels: the same bits on every target") {
  std::mt19937 random(4);
  std::vector<uint16_t> halves(8 * 9 * 256);
  for (uint16_t& half : halves) half = static_cast<uint16_t>(random() % 3 ? random() % 0x7c00 : random());
  const auto tables = all_cube_kernels();
  std::vector<std::vector<float>> results;
  for (const CubeKernels& table : tables) {
    std::vector<float> a(6 * 256 * 3), b(6 * 256 * 5), c(3 * 5 * 256), bias(5 * 16, 0.25f), all;
    for (int i = 0; i < 18; ++i) table.load_a[0](halves.data() + i * 256, a.data() + i * 256, i % 2);
    for (int i = 0; i < 30; ++i) table.load_b[0](halves.data() + i * 256, b.data() + i * 256, i % 3 == 0);
    const uint8_t steps[] = {16, 16, 3, 16, 0, 15};
    for (int m : {48, 33, 47, 6}) {
      for (MadStart start : {MadStart::Zero, MadStart::FromC, MadStart::Bias}) {
        table.mad({.c = c.data(), .a = a.data(), .b = b.data(), .bias = bias.data(), .m = m, .k1 = 6, .n1 = 5, .start = start, .k_steps = steps});
        for (float& value : c) value = value != value ? 0.0f : value;
        all.insert(all.end(), c.begin(), c.end());
      }
    }
    CHECK(table.used_columns(a.data(), 3, 6 * 256) == 0xffff);
    results.push_back(all);
    CAPTURE(std::string(table.target));
    CHECK(std::memcmp(results[0].data(), results.back().data(), all.size() * 4) == 0);
  }
}

// Row by row in the order the instruction's row gives, every product taken.
std::vector<float> naive_mad(const MadArgs& args) {
  const int64_t m1 = (args.m + 15) / 16;
  std::vector<float> c(args.c, args.c + m1 * args.n1 * kFractal);
  for (int64_t m = 0; m < m1 * 16; ++m)
    for (int64_t n = 0; n < args.n1 * 16; ++n) {
      float& sum = c[static_cast<size_t>(((n / 16) * m1 + m / 16) * kFractal + m % 16 * 16 + n % 16)];
      if (args.start != MadStart::FromC) sum = args.start == MadStart::Bias ? args.bias[n] : 0.0f;
      if (m >= args.m) continue;
      for (int64_t k = 0; k < args.k1 * 16; ++k)
        sum += args.a[((m / 16) * args.k1 + k / 16) * kFractal + m % 16 * 16 + k % 16] * args.b[((k / 16) * args.n1 + n / 16) * kFractal + k % 16 * 16 + n % 16];
    }
  return c;
}

TEST_CASE("mad that takes some of each four k: the bits of every product") {
  std::mt19937 random(6);
  const auto value = [&] { return half_bits_to_float(static_cast<uint16_t>(random() % 0x7c00 | (random() & 0x8000))); };
  for (const CubeKernels& table : all_cube_kernels())
    for (int64_t n1 : {1, 3})
      for (int64_t m : {1, 16, 39}) {
        const uint8_t steps[] = {16, 12, 4, 16, 0}, of_four[] = {3, 4, 1, 2, 0};
        std::vector<float> a(3 * 5 * kFractal), b(static_cast<size_t>(5 * n1) * kFractal), c(static_cast<size_t>(3 * n1) * kFractal);
        const auto taken = [&](size_t k1, size_t k) { return k < steps[k1] && k % 4 < of_four[k1]; };
        for (size_t i = 0; i < a.size(); ++i) a[i] = taken(i / kFractal % 5, i % 16) ? value() : 0;
        for (size_t i = 0; i < b.size(); ++i) b[i] = taken(i / kFractal / static_cast<size_t>(n1), i / 16 % 16) ? value() : 0;
        const MadArgs args{.c = c.data(), .a = a.data(), .b = b.data(), .m = m, .k1 = 5, .n1 = n1, .k_steps = steps, .k_of_four = of_four};
        const std::vector<float> expected = naive_mad(args);
        table.mad(args);
        CAPTURE(std::string(table.target));
        CHECK(std::memcmp(c.data(), expected.data(), static_cast<size_t>((m + 15) / 16 * n1) * kFractal * 4) == 0);
      }
}

// Fractals of bytes [16 rows][32 k], as stored, as L0A and L0B hold them, and what they mean.
struct ByteFractals {
  Element type;
  std::vector<uint16_t> stored;
  std::vector<int64_t> values;

  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(stored.data()); }
  std::vector<float> unpacked(void (*const (&load)[kElements])(const uint16_t*, float*, bool)) const {
    std::vector<float> result(stored.size());
    for (size_t i = 0; i < stored.size(); i += kFractal) load[static_cast<size_t>(type)](stored.data() + i, result.data() + i, false);
    return result;
  }
};

enum class Bytes { Any, Extreme, NotNegative };

ByteFractals byte_fractals(int64_t count, Element type, std::mt19937& random, Bytes which) {
  ByteFractals result{type, std::vector<uint16_t>(static_cast<size_t>(count) * 256), std::vector<int64_t>(static_cast<size_t>(count) * 512)};
  for (size_t i = 0; i < result.values.size(); ++i) {
    uint8_t& byte = result.bytes()[i];
    byte = which == Bytes::Extreme ? std::array<uint8_t, 4>{0x80, 0x7f, 0xff, 0}[random() % 4] : static_cast<uint8_t>(random());
    if (which == Bytes::NotNegative) byte &= 0x7f;
    result.values[i] = type == Element::S8 ? static_cast<int8_t>(byte) : byte;
  }
  return result;
}

// args.c and args.bias: words of s32. The sums wrap.
std::vector<int32_t> naive_byte_mad(const MadArgs& args, const ByteFractals& a, const ByteFractals& b) {
  const int64_t m1 = (args.m + 15) / 16;
  std::vector<int32_t> c(static_cast<size_t>(m1 * args.n1 * kFractal));
  std::memcpy(c.data(), args.c, c.size() * 4);
  for (int64_t n = 0; n < args.n1 * 16; ++n)
    for (int64_t row = 0; row < m1 * 16; ++row) {
      int32_t& word = c[static_cast<size_t>(((n / 16) * m1 + row / 16) * kFractal + row % 16 * 16 + n % 16)];
      int64_t sum = args.start == MadStart::FromC ? word : args.start == MadStart::Bias ? reinterpret_cast<const int32_t*>(args.bias)[n] : 0;
      for (int64_t k = 0; row < args.m && k < args.k1 * 32; ++k)
        sum += a.values[static_cast<size_t>(((row / 16) * args.k1 + k / 32) * 512 + row % 16 * 32 + k % 32)] *
               b.values[static_cast<size_t>(((k / 32) * args.n1 + n / 16) * 512 + n % 16 * 32 + k % 32)];
      word = static_cast<int32_t>(static_cast<uint32_t>(sum));
    }
  return c;
}

// The k that `steps` does not take are zeros of B: mad may take them or not.
void clear_untaken(ByteFractals& b, int64_t n1, const uint8_t* steps) {
  for (size_t i = 0; i < b.values.size(); ++i)
    if (i % 32 / 2 >= steps[i / 512 / static_cast<size_t>(n1)]) b.values[i] = b.bytes()[i] = 0;
}

void check_byte_mad(MadArgs args, Element a_type, Element b_type, Bytes which, std::mt19937& random) {
  const int64_t m1 = (args.m + 15) / 16;
  const ByteFractals a = byte_fractals(m1 * args.k1, a_type, random, which);
  ByteFractals b = byte_fractals(args.k1 * args.n1, b_type, random, which == Bytes::Extreme ? which : Bytes::Any);
  clear_untaken(b, args.n1, args.k_steps);
  std::vector<float> start(static_cast<size_t>(m1 * args.n1 * kFractal)), bias(static_cast<size_t>(args.n1 * 16));
  for (auto* words : {&start, &bias})
    for (float& word : *words) word = std::bit_cast<float>(static_cast<uint32_t>(random()));
  args.bias = bias.data(), args.c = start.data();
  const std::vector<int32_t> expected = naive_byte_mad(args, a, b);
  for (const CubeKernels& table : all_cube_kernels()) {
    const std::vector<float> l0a = a.unpacked(table.load_a), l0b = b.unpacked(table.load_b);
    std::vector<float> c = start;
    args.a = l0a.data(), args.b = l0b.data(), args.c = c.data();
    table.mad_as[static_cast<size_t>(Product::Pairs)](args);
    CAPTURE(std::string(table.target));
    CHECK(std::memcmp(c.data(), expected.data(), c.size() * 4) == 0);
  }
}

TEST_CASE("mad of bytes on every target: sums of integers, wrapped to 32 bits") {
  std::mt19937 random(8);
  const uint8_t all[] = {16, 16, 16, 16, 16}, some[] = {16, 3, 16, 0, 9};
  for (const auto& [a, b] : {std::pair{Element::S8, Element::S8}, {Element::U8, Element::S8}, {Element::U8, Element::U8}})
    for (const int64_t n1 : {1, 2, 5})
      for (const int64_t m : {1, 3, 4, 7, 16, 45})
        for (const MadStart start : {MadStart::Zero, MadStart::FromC, MadStart::Bias})
          for (const Bytes which : {Bytes::Any, Bytes::Extreme, Bytes::NotNegative})
            for (const uint8_t* steps : {all, some}) {
              CAPTURE(n1);
              CAPTURE(m);
              check_byte_mad({.m = m, .k1 = 5, .n1 = n1, .start = start, .k_steps = steps}, a, b, which, random);
            }
}

TEST_CASE("img2col of small channels: the same bits on every target") {
  std::mt19937 random(7);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  std::vector<uint16_t> map(64 * 64 * 4);
  for (uint16_t& half : map) half = static_cast<uint16_t>(random() % 0x7c01 | (random() & 0x8000));
  const auto tables = all_cube_kernels();
  for (int round = 0; round < 2000; ++round) {
    Img2ColArgs args{.src = map.data(), .fm_h = 1 + below(9), .fm_w = 1 + below(60), .pad_left = below(4), .pad_top = below(4), .stride_w = 1 + below(3), .stride_h = 1 + below(3),
                     .filter_w = 1 + below(7), .filter_h = 1 + below(4), .dilation_w = 1 + below(2), .dilation_h = 1 + below(2), .out_w = 1 + below(40), .k1 = 1 + below(2),
                     .first_m = below(20), .m = 16 * (1 + below(4)), .small = true};
    args.first_k1 = below((args.filter_w * args.filter_h + 3) / 4), args.real_m = below(args.m + 1);
    for (float& pad : args.pad_row) pad = 1.5f;
    for (const size_t element : {static_cast<size_t>(Element::F16), static_cast<size_t>(Element::BF16), static_cast<size_t>(Element::S8), static_cast<size_t>(Element::U8)}) {
      std::vector<float> first(4 * 2 * kFractal), other = first;
      args.dst = first.data();
      tables[0].img2col[element](args);
      args.dst = other.data();
      for (const CubeKernels& table : tables) {
        table.img2col[element](args);
        CAPTURE(std::string(table.target));
        REQUIRE(std::memcmp(first.data(), other.data(), first.size() * 4) == 0);
      }
    }
  }
}

TEST_CASE("mad with diagonal fractals: the bits of every product, signed zeros, infinities and NaN included") {
  std::mt19937 random(5);
  const uint8_t steps[] = {16, 16, 16, 16};
  // Of the values of A and of C's start, how many in 64 are special.
  for (int specials : {0, 1, 32}) {
    const auto value = [&] {
      constexpr float kSpecial[] = {-0.0f, 0.0f, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-24f, -65504.0f};
      if (static_cast<int>(random() % 64) < specials) return kSpecial[random() % 8];
      return half_bits_to_float(static_cast<uint16_t>(random() % 0x7c00 | (random() & 0x8000)));
    };
    for (const CubeKernels& table : all_cube_kernels())
      for (const MadStart start : {MadStart::Zero, MadStart::FromC, MadStart::Bias})
        for (int64_t m : {1, 15, 16, 37, 64}) {
          std::vector<float> a(4 * 4 * kFractal), b(4 * kFractal), c(4 * kFractal), bias(16), diagonal(64);
          for (auto* operand : {&a, &c, &bias})
            for (float& x : *operand) x = value();
          for (size_t i = 0; i < b.size(); ++i) b[i] = random() % 2 ? 0.0f : -0.0f;
          for (size_t i = 0; i < 64; ++i) diagonal[i] = b[i * 16 + i % 16] = half_bits_to_float(static_cast<uint16_t>(random() % 0xfc00 & 0xfbff));
          const MadArgs args{.c = c.data(), .a = a.data(), .b = b.data(), .bias = bias.data(), .m = m, .k1 = 4, .n1 = 1, .start = start, .k_steps = steps};
          const std::vector<float> expected = naive_mad(args);
          table.mad_diagonal(args, diagonal.data());
          CAPTURE(std::string(table.target));
          CAPTURE(m);
          int wrong = 0;
          for (size_t i = 0; i < expected.size(); ++i)
            wrong += std::isnan(expected[i]) ? !std::isnan(c[i]) : std::bit_cast<uint32_t>(c[i]) != std::bit_cast<uint32_t>(expected[i]);
          CHECK(wrong == 0);
        }
  }
}

}  // namespace
}  // namespace npu::kernels
