// SPDX-License-Identifier: Apache-2.0
// The compiler's own schedule of a matrix product: of a few tilings and all ways to split it over the cores, the one that the
// estimate takes for the fastest.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/cube.h"
#include "compiler/lower/cube_shares.h"

namespace npu {
namespace {

constexpr int64_t kFractalsInHalfL0 = 64;  // 32 KB: half of L0A / L0B, for double buffering
constexpr int64_t kMostRows = 16383;       // of a slab: no bound of its own

// Sizes of what L1 holds: the largest channel chunk, then the largest slab of at most max_rows, that leave room for two of each.
bool fit_l1(const Soc& soc, const CubeProblem& p, const CubeShare& share, int64_t max_rows, CubeSchedule& s) {
  const int64_t half = p.l1_bytes(soc) / 2;
  for (int64_t chunks = ceil_div(p.c1, most_chunk(p)); chunks <= p.c1; ++chunks) {
    const int64_t chunk = ceil_div(p.c1, chunks);
    if (2 * weight_bytes(p, chunk, s.n_tile) > half || 2 * slab_bytes(p, chunk, 1) > half) continue;
    int64_t slab = share.units;
    if (slab_bytes(p, chunk, slab) > half || slab_rows(p, slab) > max_rows) {
      slab = 1;
      while (slab < share.units && 2 * slab_bytes(p, chunk, slab + 1) <= half && slab_rows(p, slab + 1) <= max_rows) ++slab;
      slab = ceil_div(share.units, ceil_div(share.units, slab));
    }
    // The next chunk of the map is loaded beside this one: half a chunk more often beats waiting for it.
    const bool alone = chunks > 1 && slab == share.units && 2 * slab_bytes(p, chunk, slab) > half;
    if (alone && chunk > 4) continue;
    s.c1_chunk = chunk;
    s.slab_units = slab;
    return true;
  }
  return false;
}

struct Ranked {
  CubeSchedule schedule;
  double cycles = -1;
};

void rank(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, Ranked& best) {
  const auto plan = plan_schedule(soc, demand, schedule);
  if (!plan) return;
  const double cycles = estimate_cycles(soc, demand, schedule, *plan);
  if (best.cycles < 0 || cycles < best.cycles) best = {schedule, cycles};
}

// The best tiling of one way to split the problem, if that is better.
void rank_tilings(const Soc& soc, const CubeDemand& demand, CubeSchedule s, Ranked& best) {
  const CubeProblem& p = demand.problem;
  const CubeShare share = share_of(p, s);
  const int64_t l0c_half = p.l0c_slot(soc) / 4;  // fp32 values
  const int64_t ub_rows = most_ub_rows(soc, p, demand.chain_bytes);
  for (int64_t wish : {16, 12, 8, 6, 4, 2, 1}) {
    s.n_tile = std::min(wish, share.n1);
    if (s.n_tile < share.n1 && s.n_tile % p.group() != 0) continue;
    const int64_t rows = l0c_half / (s.n_tile * 16) / 16;
    const int64_t m_blocks = std::min(ceil_div(p.m(), 16), rows);
    s.k_tile = std::min({p.k1(), kFractalsInHalfL0 / s.n_tile, std::max<int64_t>(8, kFractalsInHalfL0 / m_blocks)});
    s.m_tile = std::min({kFractalsInHalfL0 / s.k_tile, m_blocks, std::max<int64_t>(1, ub_rows / 16)});
    s.macro_tiles = std::max<int64_t>(1, rows / s.m_tile);
    for (int64_t max_rows : {kMostRows, s.macro_tiles * s.m_tile * 16})
      if (fit_l1(soc, p, share, max_rows, s)) rank(soc, demand, s, best);
  }
}

}  // namespace

std::optional<std::string> reject_cube(const Soc& soc, const CubeProblem& p) {
  CubeSchedule s;
  if (fit_l1(soc, p, {1, 1, 1}, kMostRows, s)) return std::nullopt;
  return fmt::format("no tiling fits L1 of {} bytes: one output row needs {}x{}x16 inputs for each 16 channels and a {}x{} kernel", soc.l1, (p.kh - 1) * p.dh + 1, p.w,
                     p.kh, p.kw);
}

Result<CubeSchedule> default_schedule(const Soc& soc, const CubeDemand& demand) {
  const CubeProblem& p = demand.problem;
  Ranked best;
  const int64_t cores = soc.cores_for(false);
  for (int64_t items = 1; items <= std::min(cores, p.items); ++items)
    for (int64_t units = 1; units <= std::min(cores / items, p.units()); ++units)
      rank_tilings(soc, demand, {.items = items, .units = units, .columns = std::min(cores / items / units, p.groups())}, best);
  if (best.cycles >= 0) return best.schedule;
  return fail(ErrorKind::CompileLimit, "", reject_cube(soc, p).value_or("no tiling fits the chip's buffers"));
}

}  // namespace npu
