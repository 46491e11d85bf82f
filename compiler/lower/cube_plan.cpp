// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/cube.h"

namespace npu {
namespace {

constexpr int64_t kFractalsInHalfL0 = 64;   // 32 KB: half of L0A / L0B, for double buffering
constexpr int64_t kMaxSlabK = 65535;        // img2col positions are 16-bit element counts
constexpr int64_t kMaxMapSide = 16383;      // rows of one Nd2Nz copy; l1_h and l1_w hold 32767
constexpr int64_t kMadOverhead = 8;         // cycles to start one mad (public Mmad measurements)
constexpr int64_t kCopyOverhead = 40;       // cycles to start one copy from GM, a guess

struct Demand {
  const Soc& soc;
  const CubeProblem& p;
  int64_t items, units, n1, chain_bytes;

  int64_t rows(int64_t n_units) const { return p.flat() ? std::min(n_units * 16, p.m()) : n_units * p.wo; }
  int64_t map_pixels(int64_t n_units) const {
    if (p.flat()) return rows(n_units);
    return std::min((n_units - 1) * p.sh + (p.kh - 1) * p.dh + 1, p.h) * p.w;
  }
  int64_t a_bytes(int64_t chunk, int64_t n_units) const { return chunk * map_pixels(n_units) * p.pixel_bytes() + 2 * p.lead(); }
  int64_t b_bytes(int64_t chunk, int64_t n_tile) const { return p.k1_of(chunk) * n_tile * kFractalBytes; }
};

// Sizes of what L1 holds: the largest channel chunk, then the largest slab of at most max_rows, that leave room for two of each.
bool fit_l1(const Demand& d, int64_t max_rows, CubePlan& plan) {
  const int64_t half = d.p.l1_bytes(d.soc) / 2;
  const int64_t most = std::max<int64_t>(1, std::min(d.p.c1, kMaxSlabK / d.p.c0() / (d.p.kh * d.p.kw)));
  for (int64_t chunks = ceil_div(d.p.c1, most); chunks <= d.p.c1; ++chunks) {
    const int64_t chunk = ceil_div(d.p.c1, chunks);
    const int64_t b = d.b_bytes(chunk, plan.n_tile);
    if (2 * b > half || 2 * d.a_bytes(chunk, 1) > half) continue;
    int64_t slab = d.units;
    if (d.a_bytes(chunk, slab) > half || d.rows(slab) > max_rows) {
      slab = 1;
      while (slab < d.units && 2 * d.a_bytes(chunk, slab + 1) <= half && d.rows(slab + 1) <= max_rows) ++slab;
      slab = ceil_div(d.units, ceil_div(d.units, slab));
    }
    // The next chunk of the map is loaded beside this one: half a chunk more often beats waiting for it.
    const bool alone = chunks > 1 && slab == d.units && 2 * d.a_bytes(chunk, slab) > half;
    if (alone && chunk > 4) continue;
    plan.c1_chunk = chunk;
    plan.slab_units = slab;
    plan.a_bytes = align_up(d.a_bytes(chunk, slab), 512);
    plan.b_bytes = align_up(b, 512);
    plan.a_slots = static_cast<int>(std::clamp<int64_t>(half / plan.a_bytes, 1, 64));
    plan.b_slots = static_cast<int>(std::clamp<int64_t>(half / plan.b_bytes, 1, 64));
    return true;
  }
  return false;
}

// Busy cycles of the pipes for the whole block; the longest one wins, the others hide behind it.
double estimate(const Demand& d, const CubePlan& plan) {
  const auto& p = d.p;
  const double m = static_cast<double>(p.flat() ? d.rows(d.units) : d.units * p.wo);
  const double k1 = static_cast<double>(p.k1());
  const double slabs = static_cast<double>(ceil_div(d.units, plan.slab_units));
  const double n_tiles = static_cast<double>(ceil_div(d.n1, plan.n_tile));
  const double macros = slabs * static_cast<double>(ceil_div(std::min(d.rows(plan.slab_units), static_cast<int64_t>(m)), plan.macro_rows));
  const double m_tiles = std::max(macros, m / static_cast<double>(plan.m_tile));
  const double k_tiles = static_cast<double>(ceil_div(p.k1(), plan.k_tile));
  const double mads = m_tiles * n_tiles * k_tiles;
  const double cube = (m / 16 + m_tiles / 2) * k1 * static_cast<double>(d.n1) + mads * kMadOverhead;
  const double mte1 = m * k1 * 32 * n_tiles / d.soc.l1_to_l0a + k1 * static_cast<double>(d.n1) * kFractalBytes * macros / d.soc.l1_to_l0b + mads * 16;
  const double chunks = static_cast<double>(ceil_div(p.c1, plan.c1_chunk));
  const bool a_stays = chunks <= plan.a_slots, b_stays = chunks * n_tiles <= plan.b_slots;
  // The map of a slab is asked for by every part of the result that L0C holds at a time.
  const double a_loads = slabs * chunks * (a_stays ? 1 : n_tiles * macros / slabs), b_loads = chunks * n_tiles * (b_stays ? 1 : macros);
  const double gm_rate = d.soc.l2_read;
  const double mte2 = a_loads * (static_cast<double>(plan.a_bytes) / gm_rate + kCopyOverhead) +
                      b_loads * (static_cast<double>(plan.b_bytes) / gm_rate + kCopyOverhead);
  const double out = m * static_cast<double>(d.n1) * (p.bytes() ? 16 : 32) / d.soc.ub_to_l2 + m_tiles * n_tiles * kCopyOverhead;
  const double vector = m * static_cast<double>(d.n1) * 16 * (4.0 / d.soc.l0c_to_ub + static_cast<double>(d.chain_bytes) / 128);
  const std::array pipes{cube, mte1, mte2, out, vector};
  const double longest = *std::ranges::max_element(pipes);
  double sum = 0;
  for (double pipe : pipes) sum += pipe;
  return static_cast<double>(d.items) * (longest + 0.05 * (sum - longest));
}

}  // namespace

Result<CubePlan> plan_cube(const Soc& soc, const CubeProblem& p, int64_t items, int64_t units, int64_t n1, int64_t chain_bytes) {
  const Demand demand{soc, p, items, units, n1, chain_bytes};
  const int64_t l0c_half = p.l0c_slot(soc) / 4;  // fp32 values
  int64_t ub_rows = soc.split ? 4080 : (soc.ub - 16384) / (2 * std::max<int64_t>(2, chain_bytes)) / 256 * 16;
  if (p.residual) ub_rows = ResidualBlock::kRows;
  CubePlan best;
  best.cycles = -1;
  for (int64_t wish : {16, 12, 8, 6, 4, 2, 1}) {
    CubePlan plan;
    plan.n_tile = std::min(wish, n1);
    if (plan.n_tile < n1 && plan.n_tile % p.group() != 0) continue;
    plan.macro_rows = l0c_half / (plan.n_tile * 16) / 16 * 16;
    const int64_t m_blocks = std::min(ceil_div(p.m(), 16), plan.macro_rows / 16);
    plan.k_tile = std::min({p.k1(), kFractalsInHalfL0 / plan.n_tile, std::max<int64_t>(8, kFractalsInHalfL0 / m_blocks)});
    plan.m_tile = std::min({kFractalsInHalfL0 / plan.k_tile, m_blocks, std::max<int64_t>(1, ub_rows / 16)}) * 16;
    plan.macro_rows = std::max(plan.m_tile, plan.macro_rows / plan.m_tile * plan.m_tile);
    for (int64_t max_rows : {kMaxMapSide, plan.macro_rows}) {
      if (!fit_l1(demand, max_rows, plan)) continue;
      plan.cycles = estimate(demand, plan);
      if (best.cycles < 0 || plan.cycles < best.cycles) best = plan;
    }
  }
  if (best.cycles < 0)
    return fail(ErrorKind::CompileLimit, "",
                fmt::format("no tiling fits L1 of {} bytes: one output row needs {}x{}x16 inputs for each 16 channels and a {}x{} kernel", soc.l1,
                            (p.kh - 1) * p.dh + 1, p.w, p.kh, p.kw));
  return best;
}

Result<CubeSplit> split_cube(const Soc& soc, const CubeProblem& p, int64_t chain_bytes) {
  CubeSplit best;
  best.plan.cycles = -1;
  Error last;
  const int64_t cores = soc.cores_for(false);
  for (int64_t items = 1; items <= std::min(cores, p.items); ++items)
    for (int64_t units = 1; units <= std::min(cores / items, p.units()); ++units) {
      const int64_t columns = std::min(cores / items / units, p.groups());
      const int64_t n1 = std::min(p.n1(), ceil_div(p.groups(), columns) * p.group());
      auto plan = plan_cube(soc, p, ceil_div(p.items, items), ceil_div(p.units(), units), n1, chain_bytes);
      if (!plan) last = plan.error();
      else if (best.plan.cycles < 0 || plan->cycles < best.plan.cycles) best = {items, units, columns, *plan};
    }
  if (best.plan.cycles < 0) return std::unexpected(last);
  return best;
}

}  // namespace npu
