// SPDX-License-Identifier: Apache-2.0
// How fast the emulator's inner loops and instructions are on this machine: one line each, the best of many short runs
// (other programs on the machine disturb the rest).
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <random>
#include <vector>

#include "core/chip/chip.h"
#include "core/chip/kernels/cube_kernels.h"
#include "core/om/model.h"

namespace npu {
namespace {

// Each run is made long enough (2 ms) for the coarse clocks of browsers.
double best_seconds(const std::function<void()>& body) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [&](int64_t count) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < count; ++i) body();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  int64_t count = 1;
  while (seconds(count) < 2e-3) count *= 2;
  double best = 1e9;
  const auto end = Clock::now() + std::chrono::milliseconds(300);
  do best = std::min(best, seconds(count) / static_cast<double>(count));
  while (Clock::now() < end);
  return best;
}

void report(const std::string& what, double amount, const char* unit, double seconds) {
  fmt::print("{:<42} {:8.2f} {}\n", what, amount / seconds * 1e-9, unit);
}

float* aligned(std::vector<float>& storage) {
  return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(storage.data()) + 63) / 64 * 64);
}

std::vector<float> random_floats(size_t count) {
  std::mt19937 random(1);
  std::vector<float> values(count + 16);
  for (float& value : values) value = static_cast<float>(random() % 256) / 64 - 2;
  return values;
}

void bench_mad() {
  const auto& cube = kernels::cube_kernels();
  const int64_t shapes[][3] = {{128, 128, 128}, {128, 256, 128}, {256, 64, 128}, {49, 256, 128}, {100, 144, 112}, {16, 256, 256}, {1, 256, 256}};
  for (const auto& [m, k, n] : shapes) {
    const int64_t m1 = (m + 15) / 16, k1 = k / 16, n1 = n / 16;
    auto a = random_floats(static_cast<size_t>(m1 * k * 16)), b = random_floats(static_cast<size_t>(k * n)), c = random_floats(static_cast<size_t>(m1 * 16 * n));
    const std::vector<uint8_t> steps(static_cast<size_t>(k1), 16);
    const kernels::MadArgs args{.c = aligned(c), .a = aligned(a), .b = aligned(b), .m = m, .k1 = k1, .n1 = n1, .k_steps = steps.data()};
    report(fmt::format("mad m={} k={} n={}", m, k, n), 2.0 * static_cast<double>(m * k * n), "GFLOP/s", best_seconds([&] { cube.mad(args); }));
  }
}

// Words of B are pairs of bytes: random ones, so that no row of it is skipped.
void bench_mad_pairs() {
  const auto& cube = kernels::cube_kernels();
  const int64_t shapes[][3] = {{128, 128, 128}, {128, 576, 64}, {49, 512, 128}, {100, 288, 112}, {16, 512, 256}, {1, 512, 256}};
  std::mt19937 random(1);
  for (const auto& [m, k, n] : shapes) {
    const int64_t m1 = (m + 15) / 16, k1 = k / 32, n1 = n / 16;
    std::vector<float> a(static_cast<size_t>(m1 * k1 * 256 + 16)), b(static_cast<size_t>(k1 * n1 * 256 + 16)), c(static_cast<size_t>(m1 * n1 * 256 + 16));
    std::vector<uint16_t> bytes(256);
    for (uint16_t& unit : bytes) unit = static_cast<uint16_t>(random());
    for (int64_t i = 0; i < m1 * k1; ++i) cube.load_a[static_cast<int>(kernels::Element::U8)](bytes.data(), aligned(a) + i * 256, false);
    for (int64_t i = 0; i < k1 * n1; ++i) cube.load_b[static_cast<int>(kernels::Element::S8)](bytes.data(), aligned(b) + i * 256, false);
    const std::vector<uint8_t> steps(static_cast<size_t>(k1), 16);
    const kernels::MadArgs args{.c = aligned(c), .a = aligned(a), .b = aligned(b), .m = m, .k1 = k1, .n1 = n1, .k_steps = steps.data()};
    report(fmt::format("mad u8*s8 m={} k={} n={}", m, k, n), 2.0 * static_cast<double>(m * k * n), "GOP/s",
           best_seconds([&] { cube.mad_as[static_cast<int>(kernels::Product::Pairs)](args); }));
  }
  std::vector<float> a(4 * 9 * 256 + 16), c(4 * 2 * 256 + 16);
  std::vector<int16_t> values(2 * 9 * 16, 3);
  const uint8_t upper[] = {0, 1};
  const kernels::MadArgs args{.c = aligned(c), .a = aligned(a), .m = 64, .k1 = 9, .n1 = 2};
  report("mad u8*s8 diagonal, 64 pixels, 9 taps, 32 channels", 2.0 * 64 * 9 * 32, "GOP/s", best_seconds([&] { cube.mad_diagonal_pairs(args, values.data(), upper); }));
}

void bench_copies_out() {
  const auto& cube = kernels::cube_kernels();
  std::vector<float> src(64 * 256 + 16), scale(16, 0x1p-20f);
  std::vector<int32_t> offset(16, 3);
  std::vector<std::byte> dst(64 * 16 * 64);
  kernels::QuantArgs args{.src = aligned(src), .scale = scale.data(), .offset = offset.data(), .rows = 64 * 16, .dst = dst.data()};
  report("s32 -> u8", 64 * 256, "Gelement/s", best_seconds([&] { cube.quantize(args); }));
  report("s32 -> f16", 64 * 256, "Gelement/s", best_seconds([&] { cube.dequantize(args); }));
}

// Programs run through Core: dispatch and checks are part of the figure.
void bench_program(const std::string& what, const Program& setup, const Program& program, double amount, const char* unit) {
  const Soc& soc = *find_soc("Ascend310").value();
  DeviceMemory memory({}, 1 << 20);
  auto arena = memory.write(kArenaBase, 1 << 20);
  std::mt19937 random(1);
  for (size_t i = 0; i < arena->size(); i += 2) (*arena)[i] = static_cast<std::byte>(random()), (*arena)[i + 1] = static_cast<std::byte>(random() % 64);
  Core core(soc);
  const auto run = [&](const Program& instructions) {
    if (const Status status = core.execute(instructions, memory); !status) fmt::print("{}\n", status.error().message());
  };
  run({make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase, 1, 7000, 0, 0}), make_instr(Opcode::CopyGmToCbuf, {0, kArenaBase, 1, 32768, 0, 0}),
       make_instr(Opcode::LoadCbufToCa, {0, 0, 128, 1, 0, 0}), make_instr(Opcode::LoadCbufToCb, {0, 0, 128, 1, 0, 0}),
       make_instr(Opcode::Mad, {0, 0, 0, 128, 128, 128, 1})});
  run(setup);
  report(what, amount * static_cast<double>(program.size()), unit, best_seconds([&] { run(program); }));
}

void bench_instructions() {
  using enum Opcode;
  const auto many = [](const Instr& instr, size_t count) { return Program(count, instr); };
  const Instr map14 = make_instr(SetFMatrix, {14, 14, 1, 1, 1, 1}), map28 = make_instr(SetFMatrix, {28, 28, 1, 1, 1, 1}), plain14 = make_instr(SetFMatrix, {14, 14, 0, 0, 0, 0});
  bench_program("mad 128x128x128, instruction", {}, many(make_instr(Mad, {0, 0, 0, 128, 128, 128, 1}), 4), 2.0 * 128 * 128 * 128, "GFLOP/s");
  bench_program("img2col 3x3, 14x14", {map14}, many(make_instr(Img2ColV2CbufToCa, {0, 0, 144, 192, 0, 0, 1, 1, 3, 3, 1, 1, 16}), 16), 144 * 192, "Gelement/s");
  bench_program("img2col 3x3 stride 2, 28x28", {map28}, many(make_instr(Img2ColV2CbufToCa, {0, 0, 144, 192, 0, 0, 2, 2, 3, 3, 1, 1, 16}), 16), 144 * 192, "Gelement/s");
  bench_program("img2col 3x3, 14x14, u8", {map14}, many(make_instr(Img2ColV2CbufToCa, {0, 0, 288, 192, 0, 0, 1, 1, 3, 3, 1, 1, 32, 4}), 16), 288 * 192, "Gelement/s");
  bench_program("img2col 7x7 stride 2, 4 channels", {make_instr(SetFMatrix, {32, 112, 3, 3, 3, 3})},
                many(make_instr(Img2ColV2CbufToCa, {0, 0, 208, 128, 0, 0, 2, 2, 7, 7, 1, 1, 4}), 16), 208 * 128, "Gelement/s");
  bench_program("img2col 1x1, 14x14", {plain14}, many(make_instr(Img2ColV2CbufToCa, {0, 0, 128, 192, 0, 0, 1, 1, 1, 1, 1, 1, 128}), 16), 128 * 192, "Gelement/s");
  bench_program("load_cbuf_to_cb", {}, many(make_instr(LoadCbufToCb, {0, 0, 128, 1, 0, 0}), 16), 128 * 256, "Gelement/s");
  bench_program("copy_matrix_cc_to_ubuf f32 -> f16", {}, many(make_instr(CopyMatrixCcToUbuf, {0, 0, 1, 64, 0, 0, 1, 0}), 16), 64 * 256, "Gelement/s");
  bench_program("copy_gm_to_cbuf", {}, many(make_instr(CopyGmToCbuf, {0, kArenaBase, 1, 8192, 0, 0}), 16), 262144, "GB/s");
  bench_program("vadd f16, contiguous", {}, many(make_instr(Vadd, {0, 0, 65536, 131072, 200, 1, 1, 1, 8, 8, 8}), 16), 200 * 128, "Gelement/s");
  bench_program("vadd f16, broadcast block", {}, many(make_instr(Vadd, {0, 0, 65536, 131072, 200, 1, 1, 0, 8, 8, 0}), 16), 200 * 128, "Gelement/s");
  bench_program("vadd f16, strided by 2 blocks", {}, many(make_instr(Vadd, {0, 0, 65536, 131072, 100, 2, 2, 2, 16, 16, 16}), 16), 100 * 128, "Gelement/s");
  bench_program("vadd f32, contiguous", {}, many(make_instr(Vadd, {1, 0, 65536, 131072, 200, 1, 1, 1, 8, 8, 8}), 16), 200 * 64, "Gelement/s");
  bench_program("vmax f16, contiguous", {}, many(make_instr(Vmax, {0, 0, 65536, 131072, 200, 1, 1, 1, 8, 8, 8}), 16), 200 * 128, "Gelement/s");
  bench_program("vexp f16, contiguous", {}, many(make_instr(Vexp, {0, 0, 65536, 200, 1, 1, 8, 8}), 16), 200 * 128, "Gelement/s");
  bench_program("vconv f16 -> f32", {}, many(make_instr(Vconv, {1, 0, 0, 131072, 200, 1, 1, 8, 4, 0}), 16), 200 * 64, "Gelement/s");
  bench_program("vcadd f16", {}, many(make_instr(Vcadd, {0, 0, 65536, 200, 1, 1, 8}), 16), 200 * 128, "Gelement/s");
  bench_program("vadd f16, one repeat (overhead)", {}, many(make_instr(Vadd, {0, 0, 65536, 131072, 1, 1, 1, 1, 8, 8, 8}), 1000), 1, "Ginstr/s");
}

// A double-buffered cube loop as the compiler writes it: the timing of each stream is new to the timer.
void bench_timing() {
  const auto flag = [](Opcode op, Pipe from, Pipe to, int64_t event) { return make_instr(op, {static_cast<int64_t>(from), static_cast<int64_t>(to), event}); };
  Program program;
  for (int64_t i = 0; i < 20000; ++i) {
    const int64_t slot = i % 2, half = slot * 32768;
    using enum Opcode;
    if (i >= 2) program.push_back(flag(WaitFlag, Pipe::MTE1, Pipe::MTE2, slot));
    program.push_back(make_instr(CopyGmToCbuf, {half * 2, i * 32768, 4, 256, 64, 0}));
    program.push_back(flag(SetFlag, Pipe::MTE2, Pipe::MTE1, slot));
    program.push_back(flag(WaitFlag, Pipe::MTE2, Pipe::MTE1, slot));
    if (i >= 2) program.push_back(flag(WaitFlag, Pipe::M, Pipe::MTE1, slot));
    program.push_back(make_instr(LoadCbufToCa, {half, half * 2, 64, 1, 0, 0}));
    program.push_back(make_instr(LoadCbufToCb, {half, half * 2, 64, 1, 0, 0}));
    program.push_back(flag(SetFlag, Pipe::MTE1, Pipe::MTE2, slot));
    program.push_back(flag(SetFlag, Pipe::MTE1, Pipe::M, slot));
    program.push_back(flag(WaitFlag, Pipe::MTE1, Pipe::M, slot));
    program.push_back(make_instr(Mad, {0, half, half, 128, 128, 128, 0}));
    program.push_back(flag(SetFlag, Pipe::M, Pipe::MTE1, slot));
    program.push_back(make_instr(Vadd, {0, 65536, 0, 256, 100, 1, 1, 1, 8, 8, 8}));
  }
  const Soc& soc = *find_soc("Ascend310").value();
  fmt::print("{:<42} {:8.2f} M instructions/s\n", "timing, double-buffered cube loop",
             static_cast<double>(program.size()) * 1e-6 / best_seconds([&] { if (!time_task(soc, std::span(&program, 1), false)) fmt::print("deadlock\n"); }));
}

}  // namespace
}  // namespace npu

int main() {
  const auto& cube = npu::kernels::cube_kernels();
  fmt::print("target {}{}\n", cube.target, cube.relaxed ? " with relaxed SIMD" : "");
  npu::bench_mad();
  npu::bench_mad_pairs();
  npu::bench_copies_out();
  npu::bench_instructions();
  npu::bench_timing();
}
