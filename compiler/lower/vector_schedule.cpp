// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/vector_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/base/math.h"

namespace npu {
namespace {

constexpr int64_t kMostSlots = 3;
constexpr double kWorthwhile = 0.97;  // of the cycles: for less, tiles stay as large as they are
constexpr double kVectorStart = 30;  // cycles until a tile's first vector instruction has its operands, a guess

Status in_range(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return fail(ErrorKind::CompileLimit, "", fmt::format("schedule: {} {} is not within {} to {}", name, value, least, most));
}

std::vector<Knob> knobs_of(const VectorWork& work) {
  const auto knob = [](std::string_view name, size_t field, std::vector<int64_t> values, int64_t own) {
    values.push_back(own);
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    Knob made{.name = name, .fields = {field}, .options = {}};
    for (const int64_t value : values) made.options.push_back({value});
    return made;
  };
  std::vector<int64_t> parts, tiles;
  for (int64_t n = 1; n < work.most_parts; n *= 2) parts.push_back(n);
  parts.push_back(work.most_parts);
  // Two sizes between a power of two and the next.
  for (int64_t size = work.tile_step; size <= work.most_tile; size *= 2)
    for (const int64_t tile : {size, size + size / 2 / work.tile_step * work.tile_step})
      if (tile >= work.least_tile && tile <= work.most_tile) tiles.push_back(tile);
  std::vector<Knob> knobs;
  for (Knob& made : std::vector{knob("cores", 0, std::move(parts), work.fallback.parts), knob("tile", 1, std::move(tiles), work.fallback.tile),
                                knob("slots", 2, {1, 2, 3}, work.fallback.slots)})
    if (made.options.size() > 1) knobs.push_back(std::move(made));
  return knobs;
}

}  // namespace

Status check_schedule(const VectorWork& work, const VectorSchedule& s) {
  NPU_CHECK(in_range("parts", s.parts, 1, work.most_parts));
  NPU_CHECK(in_range("tile", s.tile, work.least_tile, work.most_tile));
  NPU_CHECK(in_range("slots", s.slots, 1, kMostSlots));
  if (s.tile % work.tile_step != 0) return fail(ErrorKind::CompileLimit, "", fmt::format("schedule: tile {} is no multiple of {}", s.tile, work.tile_step));
  return work.fits(s);
}

double estimate_cycles(const Soc& soc, const VectorWork& work, const VectorSchedule& s) {
  const int64_t share = ceil_div(work.units, s.parts);
  const auto tile = static_cast<double>(std::min(s.tile, share)), tiles = static_cast<double>(ceil_div(share, s.tile));
  const double in = tile * work.cost.in_bytes / soc.l2_read + soc.copy_cycles, out = tile * work.cost.out_bytes / soc.ub_to_l2 + soc.copy_cycles;
  const double vector = tile * work.cost.vector_cycles + work.cost.tile_cycles + kVectorStart;
  const double once = in + soc.l2_miss_cycles + vector + out + soc.l2_hit_cycles, longest = std::max({in, vector, out});
  if (s.slots == 1) return tiles * once;
  // A slot is taken from its load to its store: two of them overlap two of the three stages at best.
  return once + (tiles - 1) * std::max(longest, once / static_cast<double>(s.slots));
}

VectorSchedule overlapped_schedule(const Soc& soc, const VectorWork& work) {
  VectorSchedule best = work.fallback;
  double least = estimate_cycles(soc, work, best) * kWorthwhile;
  for (const Knob& knob : knobs_of(work)) {
    if (knob.name != "tile") continue;
    for (const auto& option : knob.options)
      for (const int64_t slots : {2, 3}) {
        const VectorSchedule schedule{.parts = work.fallback.parts, .tile = option[0], .slots = slots};
        const double cycles = estimate_cycles(soc, work, schedule);
        if (cycles < least && check_schedule(work, schedule)) least = cycles, best = schedule;
      }
  }
  return best;
}

Result<std::vector<Program>> emit_vector(LowerContext& context, const VectorWork& work) {
  if (context.wants_site()) {
    const auto shared = std::make_shared<const VectorWork>(work);
    const Soc& soc = context.soc;
    context.offer({.fallback = work.fallback,
                   .knobs = knobs_of(work),
                   .estimate = [&soc, shared](const Schedule& s) -> Result<double> {
                     const auto& schedule = std::get<VectorSchedule>(s);
                     NPU_CHECK(check_schedule(*shared, schedule));
                     return estimate_cycles(soc, *shared, schedule);
                   },
                   .lower_bound = [shared](const Schedule& s) -> Result<double> {
                     NPU_CHECK(check_schedule(*shared, std::get<VectorSchedule>(s)));
                     return 0;
                   },
                   .canonical = [](const Schedule& s) { return s; },
                   .emit = [shared](const Schedule& s) -> Result<std::vector<Program>> {
                     const auto& schedule = std::get<VectorSchedule>(s);
                     NPU_CHECK(check_schedule(*shared, schedule));
                     return shared->emit(schedule);
                   }});
  }
  return work.emit(work.fallback);
}

}  // namespace npu
