// SPDX-License-Identifier: Apache-2.0
// The published tuning ladders of the A2 generation (shared data, ascend_a2_ladders.csv) as kernels in our instructions,
// timed on a 910B1. Nothing of them is executed here.
#include <fmt/format.h>

#include <array>
#include <functional>
#include <vector>

#include "core/base/math.h"
#include "core/chip/chip.h"

namespace npu {
namespace {

using enum Opcode;
constexpr int64_t kSide = 8192, kElements = kSide * kSide, kBytes = kElements * 2;
constexpr int64_t kX = int64_t{1} << 39, kY = kX + kBytes, kZ = kY + kBytes;

const Soc& soc() { return **find_soc("Ascend910B1"); }
Instr flag(Opcode op, Pipe from, Pipe to, int64_t event) { return make_instr(op, {static_cast<int64_t>(from), static_cast<int64_t>(to), event}); }

struct AddKernel {
  int64_t cores = 1;
  int64_t tile = 16384;      // elements
  int64_t buffers = 1;
  bool scalar = false;
  bool spread_banks = false;
  int64_t share = 1;         // only this part of the tiles is timed, the rest takes as long
};

// x, y and z tiles of one buffer in UB.
std::array<int64_t, 3> places(const AddKernel& kernel, int64_t slot) {
  const int64_t bytes = kernel.tile * 2;
  if (!kernel.spread_banks) return {slot * 3 * bytes, (slot * 3 + 1) * bytes, (slot * 3 + 2) * bytes};
  // Sources in different bank groups; the result 64 KB away from both, in other banks.
  const int64_t base = slot * (bytes + 256);
  return {base, base + 256 + 2 * (bytes + 256), 131072 + slot * bytes};
}

void add_tile(Program& p, const AddKernel& kernel, const std::array<int64_t, 3>& ub) {
  if (kernel.scalar) {
    p.push_back(flag(SetFlag, Pipe::MTE2, Pipe::S, 0));
    p.push_back(flag(WaitFlag, Pipe::MTE2, Pipe::S, 0));
    p.push_back(make_instr(MovXdImm, {1, 0}));
    p.push_back(make_instr(Loop, {5, kNoRegister, kernel.tile}));
    p.push_back(make_instr(LdUb, {2, ub[0], 1, 1, 0}));
    p.push_back(make_instr(LdUb, {3, ub[1], 1, 1, 0}));
    p.push_back(make_instr(Add, {4, 2, 3, 0}));
    p.push_back(make_instr(StUb, {4, ub[2], 1, 1}));
    p.push_back(make_instr(Add, {1, 1, kNoRegister, 2}));
    p.push_back(flag(SetFlag, Pipe::S, Pipe::MTE3, 0));
    p.push_back(flag(WaitFlag, Pipe::S, Pipe::MTE3, 0));
    return;
  }
  for (int64_t done = 0; done < kernel.tile; done += 128 * 255) {
    const int64_t repeats = std::min<int64_t>(255, (kernel.tile - done) / 128);
    p.push_back(make_instr(Vadd, {0, ub[2] + done * 2, ub[0] + done * 2, ub[1] + done * 2, repeats, 1, 1, 1, 8, 8, 8}));
  }
}

Program add_block(const AddKernel& kernel, int64_t core) {
  Program p;
  const int64_t tiles = kElements / kernel.tile / kernel.share, bytes = kernel.tile * 2;
  const int64_t first = tiles * core / kernel.cores, last = tiles * (core + 1) / kernel.cores;
  for (int64_t t = first; t < last; ++t) {
    const int64_t slot = (t - first) % kernel.buffers;
    const auto ub = places(kernel, slot);
    const Pipe worker = kernel.scalar ? Pipe::S : Pipe::V;
    if (t - first >= kernel.buffers) p.push_back(flag(WaitFlag, kernel.scalar ? Pipe::MTE3 : Pipe::V, Pipe::MTE2, slot));
    p.push_back(make_instr(CopyGmToUbuf, {ub[0], kX + t * bytes, 1, bytes / 32, 0, 0}));
    p.push_back(make_instr(CopyGmToUbuf, {ub[1], kY + t * bytes, 1, bytes / 32, 0, 0}));
    if (worker == Pipe::V) {
      p.push_back(flag(SetFlag, Pipe::MTE2, Pipe::V, slot));
      if (t - first >= kernel.buffers) p.push_back(flag(WaitFlag, Pipe::MTE3, Pipe::V, slot));
      p.push_back(flag(WaitFlag, Pipe::MTE2, Pipe::V, slot));
    }
    add_tile(p, kernel, ub);
    // One buffer: the next tile is fetched when this one is done with, as a kernel without a queue does it.
    if (worker == Pipe::V) {
      if (kernel.buffers > 1) p.push_back(flag(SetFlag, Pipe::V, Pipe::MTE2, slot));
      p.push_back(flag(SetFlag, Pipe::V, Pipe::MTE3, slot));
      p.push_back(flag(WaitFlag, Pipe::V, Pipe::MTE3, slot));
    }
    p.push_back(make_instr(CopyUbufToGm, {kZ + t * bytes, ub[2], 1, bytes / 32, 0, 0}));
    if (worker == Pipe::V) p.push_back(flag(SetFlag, Pipe::MTE3, Pipe::V, slot));
    if (worker == Pipe::S) p.push_back(flag(SetFlag, Pipe::MTE3, Pipe::MTE2, slot));
    if (worker == Pipe::V && kernel.buffers == 1) p.push_back(make_instr(PipeBarrier, {kPipeAll})), p.push_back(flag(SetFlag, Pipe::V, Pipe::MTE2, slot));
  }
  return p;
}

double add_us(const AddKernel& kernel, bool bypass) {
  std::vector<Program> blocks;
  for (int64_t core = 0; core < kernel.cores; ++core) blocks.push_back(add_block(kernel, core));
  ChipTimer timer(soc());
  if (bypass) timer.bypass_l2(kY, 2 * kBytes);  // y and z; x stays in L2 from run to run
  Result<TaskTiming> timing = timer.time(blocks, true);
  if (timing) timing = timer.time(blocks, true);  // measured after a warm-up, as published figures are
  if (!timing) return fmt::print("{}\n", timing.error().message()), 0;
  return soc().cycles_to_us(static_cast<double>(timing->cycles * kernel.share)) + soc().task_launch_us;
}

struct MatmulKernel {
  int64_t cores, m, n, k;    // of the base block
  int64_t k_chunks;          // base blocks along K that one copy brings to L1
  bool double_buffer;
  int64_t tiles;             // output blocks of each core that are timed
};

// Output blocks of one core, neighbours along N; A and B row-major. Without double buffering every stage waits for the one before.
Program matmul_block(const MatmulKernel& kernel, int64_t core) {
  Program p;
  const auto [cores, m, n, k, chunks, twice, tiles] = kernel;
  const int64_t columns = kSide / n, chunk = k * chunks, a_bytes = m * chunk * 2, b_bytes = n * chunk * 2;
  const int64_t l0a = m * k * 2, l0b = n * k * 2, slots = twice ? 2 : 1;
  int64_t loads = 0, products = 0;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t tile = core * tiles + t, row = tile / columns % (kSide / m) * m, column = tile % columns * n;
    const int64_t l0c = twice && m * n * 8 <= soc().l0c ? t % 2 * m * n * 4 : 0;
    if (t > 0 && l0c == 0) p.push_back(flag(WaitFlag, Pipe::FIX, Pipe::M, 0));
    for (int64_t k0 = 0; k0 < kSide; k0 += chunk, ++loads) {
      const int64_t slot = loads % slots, a1 = slot * (a_bytes + b_bytes), b1 = a1 + a_bytes;
      if (loads >= slots) p.push_back(flag(WaitFlag, Pipe::MTE1, Pipe::MTE2, slot));
      p.push_back(make_instr(CopyGmToCbufNd2Nz, {a1, kX + (row * kSide + k0) * 2, m, chunk, kSide, m}));
      p.push_back(make_instr(CopyGmToCbufNd2Nz, {b1, kY + (k0 * kSide + column) * 2, chunk, n, kSide, chunk}));
      p.push_back(flag(SetFlag, Pipe::MTE2, Pipe::MTE1, slot));
      p.push_back(flag(WaitFlag, Pipe::MTE2, Pipe::MTE1, slot));
      for (int64_t i = 0; i < chunks; ++i, ++products) {
        const int64_t s = products % slots;
        if (products >= slots) p.push_back(flag(WaitFlag, Pipe::M, Pipe::MTE1, s));
        p.push_back(make_instr(LoadCbufToCa, {s * l0a, a1 + i * m * k * 2, m * k / 256, 1, 0, 0}));
        p.push_back(make_instr(LoadCbufToCb, {s * l0b, b1 + i * k * 32, n * k / 256, 1, 0, 1}));
        p.push_back(flag(SetFlag, Pipe::MTE1, Pipe::M, s));
        p.push_back(flag(WaitFlag, Pipe::MTE1, Pipe::M, s));
        p.push_back(make_instr(Mad, {l0c, s * l0a, s * l0b, m, k, n, k0 + i == 0}));
        p.push_back(flag(SetFlag, Pipe::M, Pipe::MTE1, s));
        if (!twice) p.push_back(make_instr(PipeBarrier, {kPipeAll}));
      }
      p.push_back(flag(SetFlag, Pipe::MTE1, Pipe::MTE2, slot));
    }
    p.push_back(flag(SetFlag, Pipe::M, Pipe::FIX, 0));
    p.push_back(flag(WaitFlag, Pipe::M, Pipe::FIX, 0));
    p.push_back(make_instr(CopyMatrixCcToGm, {kZ + (row * kSide + column) * 2, l0c, m, n, kSide * 2, m / 16, kCcModeF32ToF16, 0, 1}));
    if (t + 1 < tiles && !(twice && m * n * 8 <= soc().l0c && (t + 1) % 2 != 0)) p.push_back(flag(SetFlag, Pipe::FIX, Pipe::M, 0));
  }
  return p;
}

double matmul_us(const MatmulKernel& kernel) {
  std::vector<Program> blocks;
  for (int64_t core = 0; core < kernel.cores; ++core) blocks.push_back(matmul_block(kernel, core));
  const auto timing = time_task(soc(), blocks, false);
  if (!timing) return fmt::print("{}\n", timing.error().message()), 0;
  const int64_t all = ceil_div(kSide / kernel.m * (kSide / kernel.n), kernel.cores);
  return soc().cycles_to_us(static_cast<double>(timing->cycles)) * static_cast<double>(all) / static_cast<double>(kernel.tiles) + soc().task_launch_us;
}

struct Step {
  const char* what;
  double published_us;
  std::function<double()> predict;
};

void print_ladder(const char* name, const std::vector<Step>& steps) {
  fmt::print("{}\n", name);
  double before = 0, published_before = 0, first = 0;
  for (const Step& step : steps) {
    const double us = step.predict();
    fmt::print("  {:38} published {:11.1f} us  predicted {:11.1f} us  {:+6.1f} %", step.what, step.published_us, us, (us / step.published_us - 1) * 100);
    if (before > 0) fmt::print("   step {:6.2f}x, published {:6.2f}x: {:+6.1f} %", before / us, published_before / step.published_us, (before / us / (published_before / step.published_us) - 1) * 100);
    else first = us;
    fmt::print("\n");
    before = us, published_before = step.published_us;
  }
  fmt::print("  total {:.1f}x, published {:.1f}x: {:+.1f} %\n", first / before, steps.front().published_us / published_before,
             (first / before / (steps.front().published_us / published_before) - 1) * 100);
}

}  // namespace
}  // namespace npu

int main() {
  using namespace npu;
  print_ladder("Add, 8192 x 8192 fp16", {
    {"scalar loop on one core", 1239689.1, [] { return add_us({.scalar = true, .share = 64}, false); }},
    {"vector instructions on one core", 6909.6, [] { return add_us({}, false); }},
    {"48 cores", 306.58, [] { return add_us({.cores = 48}, false); }},
    {"larger copies", 268.5, [] { return add_us({.cores = 48, .tile = 32768}, false); }},
    {"double buffering", 264.02, [] { return add_us({.cores = 48, .buffers = 2}, false); }},
    {"L2 bypass", 187.68, [] { return add_us({.cores = 48, .buffers = 2}, true); }},
    {"no bank conflict", 184.52, [] { return add_us({.cores = 48, .buffers = 2, .spread_banks = true}, true); }},
  });
  print_ladder("Matmul, 8192 x 8192 x 8192 fp16", {
    // Base blocks: small, then the two that the public tuning guide recommends.
    {"one core, base block 64 x 64 x 128", 759364, [] { return matmul_us({1, 64, 64, 128, 1, false, 128}); }},
    {"24 cores, base block 128 x 128 x 128", 12541, [] { return matmul_us({24, 128, 128, 128, 1, false, 8}); }},
    {"128 x 256 x 64, double buffers", 4012, [] { return matmul_us({24, 128, 256, 64, 4, true, 8}); }},
  });
}
