// SPDX-License-Identifier: Apache-2.0
// The compiler's own schedule of a matrix product: of a few tilings and all ways to split it over the cores, the one whose busiest
// pipe is the least busy; then, where L2 holds the activations, whatever single change the estimate finds faster.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

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

constexpr int64_t kMadOverhead = 8;        // cycles to start one mad (public Mmad measurements)
constexpr int64_t kCopyOverhead = 40;      // cycles to start one copy from GM, a guess

// Busy cycles of the pipes; the longest one wins, the others hide behind it.
double busy_cycles(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan) {
  const CubeProblem p = scheduled(demand.problem, schedule);
  const CubeShare share = share_of(p, schedule);
  const double m = static_cast<double>(slab_rows(p, share.units)), k1 = static_cast<double>(p.k1()), n1 = static_cast<double>(share.n1);
  const double slabs = static_cast<double>(ceil_div(share.units, plan.slab_units));
  const double n_tiles = static_cast<double>(ceil_div(share.n1, plan.n_tile));
  const double macros = slabs * static_cast<double>(ceil_div(std::min(slab_rows(p, plan.slab_units), static_cast<int64_t>(m)), plan.macro_rows));
  const double m_tiles = std::max(macros, m / static_cast<double>(plan.m_tile));
  const double mads = m_tiles * n_tiles * static_cast<double>(ceil_div(p.k1(), plan.k_tile));
  const double cube = (m / 16 + m_tiles / 2) * k1 * n1 + mads * kMadOverhead;
  const double mte1 = m * k1 * 32 * n_tiles / soc.l1_to_l0a + k1 * n1 * kFractalBytes * macros / soc.l1_to_l0b + mads * 16;
  const double chunks = static_cast<double>(ceil_div(p.c1, plan.c1_chunk));
  const bool a_stays = chunks <= plan.a_slots, b_stays = chunks * n_tiles <= plan.b_slots;
  // The map of a slab is asked for by every part of the result that L0C holds at a time.
  const double a_loads = slabs * chunks * (a_stays ? 1 : n_tiles * macros / slabs), b_loads = chunks * n_tiles * (b_stays ? 1 : macros);
  const double mte2 = a_loads * (static_cast<double>(plan.a_bytes) / soc.l2_read + kCopyOverhead) + b_loads * (static_cast<double>(plan.b_bytes) / soc.l2_read + kCopyOverhead);
  const double out = m * n1 * (p.bytes() ? 16 : 32) / soc.ub_to_l2 + m_tiles * n_tiles * kCopyOverhead;
  const double vector = m * n1 * 16 * (4.0 / soc.l0c_to_ub + static_cast<double>(demand.chain_bytes) / 128);
  const std::array pipes{cube, mte1, mte2, out, vector};
  const double longest = *std::ranges::max_element(pipes);
  double sum = 0;
  for (const double pipe : pipes) sum += pipe;
  return static_cast<double>(share.items) * (longest + 0.05 * (sum - longest));
}

struct Ranked {
  CubeSchedule schedule;
  double cycles = -1;
};
using Best = std::map<int64_t, Ranked>;  // the best one with each width of the tile

void rank(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, Best& all) {
  const auto plan = plan_schedule(soc, demand, schedule);
  if (!plan) return;
  const double cycles = busy_cycles(soc, demand, schedule, *plan);
  Ranked& best = all[schedule.n_tile];
  if (best.cycles < 0 || cycles < best.cycles) best = {schedule, cycles};
}

// The best tiling of one way to split the problem, if that is better.
void rank_tilings(const Soc& soc, const CubeDemand& demand, CubeSchedule s, Best& best) {
  const CubeProblem p = scheduled(demand.problem, s);
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

constexpr double kWorthwhile = 0.99;  // of the cycles: for less, tiles stay as large as they are
constexpr int kRounds = 3;
constexpr size_t kStarts = 3;

// Tiles of a mad that fill half of L0A and of L0B.
Knob tile_knob(const Soc& soc, const CubeProblem& p) {
  Knob knob{.name = "tile", .fields = {3, 4, 5}, .options = {}};
  for (const int64_t n : {16, 12, 8, 6, 4, 2, 1})
    for (const int64_t k : {16, 8, 4, 2, 1}) {
      const int64_t columns = std::min(n, p.n1()), depth = std::min({k, p.k1(), kFractalsInHalfL0 / columns});
      const int64_t rows = std::min({kFractalsInHalfL0 / depth, p.l0c_slot(soc) / 1024 / columns, ceil_div(p.m(), 16)});
      if (rows >= 1) knob.options.push_back({columns, rows, depth});
    }
  return knob;
}

// Activations that L2 cannot hold wait for memory, which all cores share and the estimate does not follow. Published latencies are
// those of the plain tilings there: with the others RegNet's batch of 16 would be predicted 29 % too fast on Ascend310, with these 25 %.
bool exceeds_l2(const Soc& soc, const CubeDemand& demand) {
  const CubeProblem& p = demand.problem;
  const int64_t map = p.c1 * p.h * p.w * p.pixel_bytes(), result = p.m() * p.n * (p.bytes() ? 1 : 2);
  return p.items * (map + result * (1 + demand.tile_operands)) > soc.l2;
}

class Descent {
 public:
  Descent(const Soc& soc, const CubeDemand& demand, const CubeSchedule& from) : soc_(soc), demand_(demand), best_(from) { cycles_ = cycles_of(from).value_or(0); }

  void run() {
    std::vector<Knob> knobs = cube_knobs(soc_, demand_, best_);
    knobs.insert(knobs.begin(), tile_knob(soc_, demand_.problem));
    for (int round = 0; round < kRounds; ++round) {
      const double before = cycles_;
      for (const Knob& knob : knobs) turn(knob);
      if (cycles_ > before * kWorthwhile) break;
    }
  }

  const CubeSchedule& best() const { return best_; }
  double cycles() const { return cycles_; }

 private:
  std::optional<double> cycles_of(const CubeSchedule& schedule) const {
    const auto plan = plan_schedule(soc_, demand_, schedule);
    if (!plan) return std::nullopt;
    return estimate_cycles(soc_, demand_, schedule, *plan);
  }

  void turn(const Knob& knob) {
    const std::vector<int64_t> values = fields_of(Schedule(best_));
    double least = cycles_ * kWorthwhile;
    for (const auto& option : knob.options) {
      std::vector<int64_t> changed = values;
      for (size_t f = 0; f < knob.fields.size(); ++f) changed[knob.fields[f]] = option[f];
      Schedule schedule = best_;
      if (changed == values || !set_fields(schedule, changed)) continue;
      const auto& cube = std::get<CubeSchedule>(schedule);
      if (const auto cycles = cycles_of(cube); cycles && *cycles < least) least = cycles_ = *cycles, next_ = cube;
    }
    best_ = next_.value_or(best_);
  }

  const Soc& soc_;
  const CubeDemand& demand_;
  CubeSchedule best_;
  std::optional<CubeSchedule> next_;
  double cycles_ = 0;
};

}  // namespace

std::optional<std::string> reject_cube(const Soc& soc, const CubeProblem& p) {
  CubeSchedule s;
  if (fit_l1(soc, p, {1, 1, 1}, kMostRows, s)) return std::nullopt;
  return fmt::format("no tiling fits L1 of {} bytes: one output row needs {}x{}x16 inputs for each 16 channels and a {}x{} kernel", soc.l1, (p.kh - 1) * p.dh + 1, p.w,
                     p.kh, p.kw);
}

Result<CubeSchedule> default_schedule(const Soc& soc, const CubeDemand& demand) {
  const CubeProblem& p = demand.problem;
  Best best;
  const int64_t cores = soc.cores_for(false);
  for (int64_t items = 1; items <= std::min(cores, p.items); ++items)
    for (int64_t units = 1; units <= std::min(cores / items, p.units()); ++units)
      rank_tilings(soc, demand, {.items = items, .units = units, .columns = std::min(cores / items / units, p.groups())}, best);
  std::vector<Ranked> starts;
  for (const auto& [width, ranked] : best) starts.push_back(ranked);
  std::ranges::stable_sort(starts, {}, &Ranked::cycles);
  if (!starts.empty() && exceeds_l2(soc, demand)) return starts[0].schedule;
  std::optional<Descent> fastest;
  for (size_t i = 0; i < std::min(starts.size(), kStarts); ++i) {
    Descent descent(soc, demand, starts[i].schedule);
    descent.run();
    if (!fastest || descent.cycles() < fastest->cycles() * kWorthwhile) fastest.emplace(descent);
  }
  if (fastest) return fastest->best();
  return fail(ErrorKind::CompileLimit, "", reject_cube(soc, p).value_or("no tiling fits the chip's buffers"));
}

Result<CubeSchedule> schedule_split(const Soc& soc, const CubeDemand& demand, const CubeSchedule& split) {
  Best best;
  rank_tilings(soc, demand, split, best);
  const auto fastest = std::ranges::min_element(best, {}, [](const auto& each) { return each.second.cycles; });
  if (fastest != best.end()) return fastest->second.schedule;
  return fail(ErrorKind::CompileLimit, "", fmt::format("{} parts of images and {} of pixels: no tiling fits the chip's buffers", split.items, split.units));
}

}  // namespace npu
