// SPDX-License-Identifier: Apache-2.0
// What a schedule of a matrix product comes to on a chip: sizes, cycles, and what else it could be.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/cube.h"
#include "compiler/lower/cube_shares.h"

namespace npu {
namespace {

constexpr int64_t kMaxSlabK = 65535;     // img2col positions are 16-bit element counts
constexpr int64_t kMaxMapSide = 16383;   // rows of one Nd2Nz copy; l1_h and l1_w hold 32767
constexpr int64_t kMaxMadSide = 4095;    // 12-bit m and k of a mad
constexpr int64_t kMaxSlots = 64;        // of L1, searched one by one
constexpr int64_t kBtColumnBytes = 64;   // of 16 columns in the bias table

std::unexpected<Error> refuse(std::string what) { return fail(ErrorKind::CompileLimit, "", "schedule: " + std::move(what)); }

Status in_range(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return refuse(fmt::format("{} {} is not within {} to {}", name, value, least, most));
}

Status fits(std::string_view what, int64_t bytes, int64_t room) {
  if (bytes <= room) return {};
  return refuse(fmt::format("{} take {} bytes of {}", what, bytes, room));
}

Status check_ranges(const Soc& soc, const CubeProblem& p, const CubeSchedule& s) {
  const int64_t cores = soc.cores_for(false);
  NPU_CHECK(in_range("items", s.items, 1, std::min(cores, p.items)));
  NPU_CHECK(in_range("units", s.units, 1, std::min(cores / s.items, p.units())));
  NPU_CHECK(in_range("columns", s.columns, 1, std::min(cores / s.items / s.units, p.groups())));
  const CubeShare share = share_of(p, s);
  NPU_CHECK(in_range("n_tile", s.n_tile, 1, share.n1));
  if (s.n_tile < share.n1 && s.n_tile % p.group() != 0) return refuse(fmt::format("n_tile {} is no multiple of {}", s.n_tile, p.group()));
  NPU_CHECK(in_range("m_tile", s.m_tile, 1, kMaxMadSide / 16));
  NPU_CHECK(in_range("k_tile", s.k_tile, 1, std::min(p.k1(), kMaxMadSide / p.c0())));
  NPU_CHECK(in_range("macro_tiles", s.macro_tiles, 1, kMaxMapSide));
  NPU_CHECK(in_range("c1_chunk", s.c1_chunk, 1, p.c1));
  NPU_CHECK(in_range("slab_units", s.slab_units, 1, share.units));
  NPU_CHECK(in_range("a_share", s.a_share, 1, 15));
  NPU_CHECK(in_range("l0_slots", s.l0_slots, p.residual ? 2 : 1, 2));
  NPU_CHECK(in_range("leave", s.leave, 0, p.residual ? 0 : 1));
  NPU_CHECK(in_range("l0c_slots", s.l0c_slots, s.leave == static_cast<int64_t>(CubeLeave::After) ? 1 : 2, 2));
  NPU_CHECK(in_range("order", s.order, 0, static_cast<int64_t>(CubeOrder::ColumnsItemsSlabs)));
  return in_range("by_rows", s.by_rows, 0, p.flat() && !p.matrix ? 1 : 0);
}

Status check_buffers(const Soc& soc, const CubeDemand& d, const CubeProblem& p, const CubeSchedule& s) {
  NPU_CHECK(fits("weights in L0B", s.n_tile * s.k_tile * kFractalBytes, soc.l0b / s.l0_slots));
  NPU_CHECK(fits("rows in L0A", s.m_tile * s.k_tile * kFractalBytes, soc.l0a / s.l0_slots));
  NPU_CHECK(fits("sums in L0C", s.m_tile * s.n_tile * 1024, p.l0c_slot(soc, s.l0c_slots)));
  if (d.bias && soc.split) NPU_CHECK(fits("the bias in BT", s.n_tile * kBtColumnBytes, soc.bt));
  const int64_t rows = most_ub_rows(soc, p, d.chain_bytes);
  if (s.m_tile > std::max<int64_t>(1, rows / 16)) return refuse(fmt::format("{} rows of results do not fit UB, which holds {}", s.m_tile * 16, rows));
  if (s.c1_chunk > most_chunk(p)) return refuse(fmt::format("c1_chunk {} exceeds {}: img2col's positions have 16 bits", s.c1_chunk, most_chunk(p)));
  if (p.flat() && slab_rows(p, s.slab_units) > kMaxMapSide) return refuse(fmt::format("{} rows of the map in L1 exceed {}", slab_rows(p, s.slab_units), kMaxMapSide));
  return {};
}

}  // namespace

int64_t most_chunk(const CubeProblem& p) { return std::max<int64_t>(1, std::min(p.c1, kMaxSlabK / p.c0() / (p.kh * p.kw))); }

int64_t most_ub_rows(const Soc& soc, const CubeProblem& p, int64_t chain_bytes) {
  if (p.residual) return ResidualBlock::kRows;
  return soc.split ? 4080 : (soc.ub - 16384) / (2 * std::max<int64_t>(2, chain_bytes)) / 256 * 16;
}

CubeShare share_of(const CubeProblem& p, const CubeSchedule& s) {
  return {ceil_div(p.items, s.items), ceil_div(p.units(), s.units), std::min(p.n1(), ceil_div(p.groups(), s.columns) * p.group())};
}

int64_t slab_rows(const CubeProblem& p, int64_t units) { return p.flat() ? std::min(units * 16, p.m()) : units * p.wo; }

int64_t slab_bytes(const CubeProblem& p, int64_t chunk, int64_t units) {
  int64_t pixels = slab_rows(p, units);
  if (!p.flat()) pixels = std::min((units - 1) * p.sh + (p.kh - 1) * p.dh + 1, p.h) * p.w;
  return chunk * pixels * p.pixel_bytes() + 2 * p.lead();
}

int64_t weight_bytes(const CubeProblem& p, int64_t chunk, int64_t n_tile) { return p.k1_of(chunk) * n_tile * kFractalBytes; }

CubeProblem scheduled(CubeProblem problem, const CubeSchedule& schedule) {
  problem.by_rows = schedule.by_rows != 0;
  return problem;
}

CubeDemand demand_of(const CubeTask& task) {
  CubeDemand demand{.problem = task.problem, .bias = task.bias >= 0};
  demand.chain_bytes = task.problem.residual ? ResidualBlock::kVectorBytes : task.chain.empty() ? 0 : task.chain.bytes_per_element();
  demand.steps = std::ssize(task.chain.registers());
  demand.tile_operands = std::ranges::count(task.chain.operands(), OperandKind::Tile, &ChainOperand::kind);
  demand.one_b = std::ranges::all_of(task.items, [&](const CubeItem& item) { return item.b == task.items[0].b; });
  return demand;
}

Result<CubePlan> plan_schedule(const Soc& soc, const CubeDemand& demand, const CubeSchedule& s) {
  if (s.by_rows != 0) NPU_CHECK(in_range("by_rows", s.by_rows, 0, demand.problem.flat() && !demand.problem.matrix ? 1 : 0));
  const CubeProblem p = scheduled(demand.problem, s);
  CubeSchedule checked = s;
  checked.by_rows = 0;
  NPU_CHECK(check_ranges(soc, p, checked));
  NPU_CHECK(check_buffers(soc, demand, p, s));
  const int64_t a_room = p.l1_bytes(soc) * s.a_share / 16, b_room = p.l1_bytes(soc) - a_room;
  CubePlan plan;
  plan.a_bytes = align_up(slab_bytes(p, s.c1_chunk, s.slab_units), 512);
  plan.b_bytes = align_up(weight_bytes(p, s.c1_chunk, s.n_tile), 512);
  NPU_CHECK(fits("a slab of the feature map in L1", plan.a_bytes, a_room));
  NPU_CHECK(fits("a chunk of the weights in L1", plan.b_bytes, b_room));
  plan.a_slots = static_cast<int>(std::clamp<int64_t>(a_room / plan.a_bytes, 1, kMaxSlots));
  plan.b_slots = static_cast<int>(std::clamp<int64_t>(b_room / plan.b_bytes, 1, kMaxSlots));
  plan.n_tile = s.n_tile, plan.m_tile = s.m_tile * 16, plan.k_tile = s.k_tile;
  plan.macro_rows = std::min(s.macro_tiles, p.l0c_slot(soc, s.l0c_slots) / 64 / s.n_tile / plan.m_tile) * plan.m_tile;
  plan.c1_chunk = s.c1_chunk, plan.slab_units = s.slab_units;
  plan.l0_slots = static_cast<int>(s.l0_slots), plan.l0c_slots = static_cast<int>(s.l0c_slots);
  plan.order = static_cast<CubeOrder>(s.order), plan.leave = static_cast<CubeLeave>(s.leave);
  return plan;
}

CubeSchedule canonical_schedule(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan) {
  const CubeProblem p = scheduled(demand.problem, schedule);
  const CubeShare share = share_of(p, schedule);
  CubeSchedule s = schedule;
  s.k_tile = std::min(s.k_tile, p.k1_of(s.c1_chunk));
  const int64_t slab_blocks = ceil_div(slab_rows(p, s.slab_units), 16);
  s.m_tile = std::min(s.m_tile, slab_blocks);
  s.macro_tiles = std::min(plan.macro_rows / plan.m_tile, ceil_div(slab_blocks, s.m_tile));
  const int64_t columns = ceil_div(share.n1, s.n_tile), slabs = ceil_div(share.units, s.slab_units), chunks = ceil_div(p.c1, s.c1_chunk);
  const bool one_row = s.macro_tiles * s.m_tile >= slab_blocks;
  // Loops of one turn may stand anywhere.
  if (s.order == 3 && share.items == 1) s.order = 2;
  if (s.order == 2 && slabs == 1) s.order = 0;
  if (s.order == 1 && one_row) s.order = 0;
  if (columns == 1) s.order = 0;
  // No more slots than there are different things to hold.
  const int64_t a_most = share.items * slabs * chunks, b_most = columns * chunks * (demand.one_b ? 1 : share.items);
  const auto slots = [&](int64_t a_share) {
    const int64_t a_room = p.l1_bytes(soc) * a_share / 16;
    return std::pair(std::min({a_room / plan.a_bytes, kMaxSlots, a_most}), std::min({(p.l1_bytes(soc) - a_room) / plan.b_bytes, kMaxSlots, b_most}));
  };
  const auto own = slots(s.a_share);
  for (s.a_share = 1; slots(s.a_share) != own;) ++s.a_share;
  return s;
}

double least_cycles(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan) {
  const CubeProblem p = scheduled(demand.problem, schedule);
  // Shares differ by one: of units of 16 pixels the largest may be the one that is cut off.
  const int64_t items = ceil_div(p.items, schedule.items), units = ceil_div(p.units(), schedule.units);
  const int64_t rows = p.flat() ? std::max<int64_t>(1, std::min(units * 16 - 15, p.m())) : units * p.wo;
  const int64_t groups = ceil_div(p.groups(), schedule.columns), n1 = std::max<int64_t>(1, std::min(p.n1(), (groups - 1) * p.group() + 1));
  const auto part = static_cast<double>(items * p.k1());
  const double cube = part * static_cast<double>(ceil_div(rows, 16) * n1);
  const int64_t n_tiles = ceil_div(n1, plan.n_tile), macros = ceil_div(rows, plan.macro_rows);
  const double mte1 = part * (static_cast<double>(ceil_div(rows, 16) * kFractalBytes * n_tiles) / soc.l1_to_l0a + static_cast<double>(n1 * kFractalBytes * macros) / soc.l1_to_l0b);
  return std::max(cube, mte1);
}

namespace {

class Knobs {
 public:
  Knobs(const Soc& soc, const CubeDemand& demand, const CubeSchedule& fallback)
      : soc_(soc), p_(demand.problem), fallback_(fields_of(Schedule(fallback))), names_(field_names(Schedule(fallback))) {}

  void add(std::string_view name, std::initializer_list<std::string_view> fields, std::vector<std::vector<int64_t>> options) {
    Knob knob{.name = name, .fields = {}, .options = {}};
    std::vector<int64_t> own;
    for (const std::string_view field : fields) {
      knob.fields.push_back(static_cast<size_t>(std::ranges::find(names_, field) - names_.begin()));
      own.push_back(fallback_[knob.fields.back()]);
    }
    options.push_back(own);
    std::ranges::sort(options);
    const auto again = std::ranges::unique(options);
    options.erase(again.begin(), again.end());
    knob.options = std::move(options);
    if (knob.options.size() > 1) knobs_.push_back(std::move(knob));
  }

  // As many cores as there are, in every way; fewer where the problem has no more parts.
  std::vector<std::vector<int64_t>> cores() const {
    std::vector<std::vector<int64_t>> ways;
    const int64_t cores = soc_.cores_for(false);
    for (int64_t items = 1; items <= std::min(cores, p_.items); ++items)
      for (int64_t units = 1; units <= std::min(cores / items, p_.units()); ++units) {
        const int64_t columns = std::min(cores / items / units, p_.groups());
        // A way that leaves more cores idle than another one of the same items is worse in each of its parts.
        ways.push_back({items, units, columns});
      }
    std::vector<std::vector<int64_t>> kept;
    const auto dominated = [&](const auto& way) {
      return std::ranges::any_of(ways, [&](const auto& other) { return &other != &way && other != way && other[0] >= way[0] && other[1] >= way[1] && other[2] >= way[2]; });
    };
    for (const auto& way : ways)
      if (!dominated(way)) kept.push_back(way);
    return kept;
  }

  std::vector<std::vector<int64_t>> l1() const {
    std::vector<std::vector<int64_t>> sizes;
    for (int64_t chunks : {1, 2, 3, 4, 8})
      for (int64_t slabs : {1, 2, 4, 8, 16}) {
        const int64_t chunk = ceil_div(p_.c1, chunks);
        if (chunk <= most_chunk(p_)) sizes.push_back({chunk, ceil_div(p_.units(), slabs)});
      }
    return sizes;
  }

  std::vector<Knob> take() { return std::move(knobs_); }

 private:
  const Soc& soc_;
  const CubeProblem& p_;
  std::vector<int64_t> fallback_;
  std::span<const std::string_view> names_;
  std::vector<Knob> knobs_;
};

std::vector<std::vector<int64_t>> up_to(int64_t most, std::initializer_list<int64_t> values) {
  std::vector<std::vector<int64_t>> options;
  for (const int64_t value : values)
    if (value <= most) options.push_back({value});
  if (most > 0 && most < *std::prev(values.end())) options.push_back({most});
  return options;
}

}  // namespace

std::vector<Knob> cube_knobs(const Soc& soc, const CubeDemand& demand, const CubeSchedule& fallback) {
  const CubeProblem& p = demand.problem;
  Knobs knobs(soc, demand, fallback);
  knobs.add("cores", {"items", "units", "columns"}, knobs.cores());
  knobs.add("n", {"n_tile"}, up_to(p.n1(), {1, 2, 4, 6, 8, 12, 16}));
  knobs.add("m", {"m_tile"}, up_to(ceil_div(p.m(), 16), {2, 4, 8, 16, 32, 64}));
  knobs.add("k", {"k_tile"}, up_to(p.k1(), {1, 2, 4, 8, 16, 32}));
  knobs.add("macro", {"macro_tiles"}, {{1}, {2}, {64}});
  knobs.add("l1", {"c1_chunk", "slab_units"}, knobs.l1());
  knobs.add("share", {"a_share"}, {{4}, {8}, {12}});
  knobs.add("order", {"order"}, p.items > 1 ? std::vector<std::vector<int64_t>>{{0}, {1}, {2}, {3}} : std::vector<std::vector<int64_t>>{{0}, {1}, {2}});
  if (!p.residual) knobs.add("l0", {"l0_slots"}, {{1}, {2}});
  if (!p.residual) knobs.add("leave", {"leave", "l0c_slots"}, {{0, 2}, {1, 1}, {1, 2}});
  if (p.flat() && !p.matrix) knobs.add("img2col", {"by_rows"}, {{0}, {1}});
  return knobs.take();
}

}  // namespace npu
