// SPDX-License-Identifier: Apache-2.0
// How long a schedule of a matrix product takes: its loads, products and results in order, each on its pipe, without
// instructions and flags. A thousandth of what the simulation of the stream costs, and a few per cent off.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "compiler/lower/cube.h"
#include "compiler/lower/cube_shares.h"
#include "core/chip/l2_cache.h"

namespace npu {
namespace {

constexpr double kMadCycles = 6;       // of each mad on top of its steps (isa.def)
constexpr double kLoadCycles = 6;      // of each copy into L0
constexpr double kVectorCycles = 24;   // of each vector instruction: head and tail
constexpr double kFixRate = 40.6;      // bytes a cycle out of L0C on split cores (timing_cost.cpp)
constexpr double kQueuedMads = 3;     // that the scalar unit is ahead: each takes three places of a queue of 32
constexpr int64_t kMostSteps = 256;    // macros times chunks that are followed; what is left takes as long as the last half

// A part of L1 that remembers what it holds, as the emitter's.
class Slots {
 public:
  explicit Slots(int count) : slots_(static_cast<size_t>(count)) {}

  struct Slot {
    int64_t key = -1, used = 0;
    double ready = 0, free = 0;  // when its data is there, when its last reader is done
  };
  // The slot of this key; load(slot) when it is not there.
  template <class Load>
  Slot& get(int64_t key, Load&& load) {
    size_t oldest = 0;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].key == key) return slots_[i].used = ++clock_, slots_[i];
      if (slots_[i].used < slots_[oldest].used) oldest = i;
    }
    slots_[oldest].key = key, slots_[oldest].used = ++clock_;
    load(slots_[oldest]);
    return slots_[oldest];
  }

 private:
  std::vector<Slot> slots_;
  int64_t clock_ = 0;
};

class CubeWalk {
 public:
  CubeWalk(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan)
      : soc_(soc), d_(demand), s_(schedule), plan_(plan), p_(scheduled(demand.problem, schedule)), share_(share_of(p_, schedule)), a_slots_(plan.a_slots), b_slots_(plan.b_slots) {
    slabs_ = ceil_div(share_.units, plan.slab_units), columns_ = ceil_div(share_.n1, plan.n_tile), chunks_ = ceil_div(p_.c1, plan.c1_chunk);
    rows_ = ceil_div(rows_of(0), plan.macro_rows), all_rows_ = (slabs_ - 1) * rows_ + ceil_div(rows_of(slabs_ - 1), plan.macro_rows);
    const double cores = static_cast<double>(s_.items * s_.units * s_.columns), ddr = soc.ddr_gbps * soc.ddr_efficiency * 1e3 / soc.cube_mhz / cores;
    const double miss = 1 / std::min<double>({static_cast<double>(soc.ddr_read), ddr, static_cast<double>(soc.l2_read)});
    // What several cores read is fetched once, by each for its part. Constants come from memory; activations are in L2, where it is large enough.
    b_new_ = demand.problem.b_matrix ? 1.0 / soc.l2_read : part_missed(static_cast<double>(s_.units * (demand.one_b ? s_.items : 1)), miss);
    const double map = static_cast<double>(p_.items * p_.c1 * p_.h * p_.w * p_.pixel_bytes()), a_missed = part_missed(static_cast<double>(s_.columns), miss);
    a_new_ = map > static_cast<double>(soc.l2) ? a_missed : 1.0 / soc.l2_read;
    const Reuse reuse = reuse_of(map);
    a_again_ = reuse.a > reuse.room ? a_missed : 1.0 / soc.l2_read;
    b_again_ = reuse.b > reuse.room ? part_missed(static_cast<double>(s_.units * (demand.one_b ? s_.items : 1)), miss) : 1.0 / soc.l2_read;
    b_turns_.assign(static_cast<size_t>(columns_ * chunks_ * (demand.one_b ? 1 : share_.items)), -1);
  }

  double run() {
    const int64_t macros = share_.items * columns_ * all_rows_, all = macros * chunks_;
    const int64_t followed = std::min(macros, std::max<int64_t>(2, kMostSteps / chunks_));
    double half = 0;
    for (int64_t i = 0; i < followed; ++i) {
      macro(i);
      if (i == followed / 2 - 1) half = m_;
    }
    if (all == 0) return 0;
    const double rate = (m_ - half) / static_cast<double>(followed - followed / 2);
    double end = m_ + rate * static_cast<double>(macros - followed);
    if (followed == macros) leave();
    else pending_ = false, leave_now(m_);
    const double drain = std::max(out_, v_) - m_;
    return end + std::max(drain, 0.0);
  }

 private:
  double part_missed(double sharing, double miss) const { return 1.0 / soc_.l2_read * (1 - 1 / sharing) + miss / sharing; }

  // Bytes of L2 that all cores' reads take until they come back to what they read before, and what L2 has for them: results
  // stay there until they are read, the map until it has been. L2 ages by pages, of which a column of weights takes a part.
  struct Reuse {
    double a, b, room;
  };
  Reuse reuse_of(double map) const {
    const auto l2 = static_cast<double>(soc_.l2), items = static_cast<double>(s_.items), all_items = static_cast<double>(p_.items);
    const double a_slab = items * static_cast<double>(s_.units * slab_bytes(p_, p_.c1, plan_.slab_units));
    const double b_items = d_.one_b ? 1 : items, b_all = b_items * static_cast<double>(weight_bytes(p_, p_.c1, p_.n1()));
    const double b_tile = std::min(b_all, b_items * static_cast<double>(s_.columns * p_.k1() * align_up(plan_.n_tile * kFractalBytes, L2Cache::kPage)));
    const double results = all_items * static_cast<double>(p_.m() * p_.n * (p_.bytes() ? 1 : 2) * (1 + d_.tile_operands));
    const double later = std::max(l2 - results, l2 / 4);
    switch (plan_.order) {
      case CubeOrder::ColumnsSlabsRows: return {map * items / all_items + b_tile, a_slab + b_tile, later};
      case CubeOrder::ColumnsItemsSlabs: return {map + b_tile, a_slab + b_tile, later};
      default: return {a_slab + b_tile, a_slab + b_all, std::max(later - map / 2, l2 / 4)};
    }
  }

  struct Place {
    int64_t item, slab, column, row;
  };
  // In the order of the macros. Every slab has rows_ of them for a tile of columns, the last one what is left.
  Place place(int64_t index) const {
    Place at{};
    const auto take = [&](int64_t count) {
      const int64_t digit = index % count;
      index /= count;
      return digit;
    };
    const bool columns_inside = plan_.order == CubeOrder::SlabsColumnsRows || plan_.order == CubeOrder::SlabsRowsColumns;
    const int64_t inside = columns_inside ? columns_ : 1;
    int64_t in_slab = take(all_rows_ * inside);
    at.slab = std::min(in_slab / (rows_ * inside), slabs_ - 1);
    in_slab -= at.slab * rows_ * inside;
    const int64_t rows = at.slab + 1 < slabs_ ? rows_ : all_rows_ - at.slab * rows_;
    switch (plan_.order) {
      case CubeOrder::SlabsColumnsRows: at.row = in_slab % rows, at.column = in_slab / rows, at.item = index; break;
      case CubeOrder::SlabsRowsColumns: at.column = in_slab % columns_, at.row = in_slab / columns_, at.item = index; break;
      case CubeOrder::ColumnsSlabsRows: at.row = in_slab, at.column = take(columns_), at.item = index; break;
      case CubeOrder::ColumnsItemsSlabs: at.row = in_slab, at.item = take(share_.items), at.column = index; break;
    }
    return at;
  }

  int64_t units_of(int64_t slab) const { return std::min(plan_.slab_units, share_.units - slab * plan_.slab_units); }
  int64_t rows_of(int64_t slab) const {
    const int64_t before = slab * slab_rows(p_, plan_.slab_units);
    return std::min(before + slab_rows(p_, units_of(slab)), p_.m()) - before;
  }

  void load(Slots::Slot& slot, double bytes, double bursts, double cycles_a_byte) {
    mte2_ = std::max({mte2_, slot.free, asked_}) + bytes * cycles_a_byte + bursts * soc_.burst_cycles + soc_.copy_cycles;
    slot.ready = mte2_ + soc_.l2_hit_cycles;
  }

  void macro(int64_t index) {
    const Place at = place(index);
    const int64_t pixels = rows_of(at.slab), rows = std::min(plan_.macro_rows, pixels - at.row * plan_.macro_rows), n1 = std::min(plan_.n_tile, share_.n1 - at.column * plan_.n_tile);
    const auto blocks = static_cast<double>(ceil_div(rows, 16)), n = static_cast<double>(n1);
    const auto m_tiles = static_cast<double>(ceil_div(rows, plan_.m_tile));
    // The bias goes through the vector unit, or the bias table, before the first product.
    double ready = l0c_free_[static_cast<size_t>(index) % 2];
    if (plan_.l0c_slots == 1) ready = l0c_free_[static_cast<size_t>(index + 1) % 2];
    if (d_.bias && !soc_.split) {
      mte2_ += n * (p_.bytes() ? 64 : 32) / soc_.l2_read + soc_.copy_cycles;
      v_ = std::max({v_, ready, mte2_ + soc_.l2_hit_cycles}) + blocks * n * 1024 / soc_.l0c_to_ub + m_tiles * kVectorCycles;
      ready = std::max(ready, v_);
    }
    // The results of the macro before leave while this one is multiplied.
    const bool between = plan_.leave == CubeLeave::Between;
    if (between) leave();
    for (int64_t c = 0; c < chunks_; ++c) {
      const int64_t chunk = std::min(plan_.c1_chunk, p_.c1 - c * plan_.c1_chunk), k1 = p_.k1_of(chunk);
      asked_ = asked_at();
      const auto k = static_cast<double>(k1), k_tiles = static_cast<double>(ceil_div(k1, plan_.k_tile));
      auto& a = a_slots_.get(((at.item * slabs_) + at.slab) * chunks_ + c, [&](Slots::Slot& slot) {
        const int64_t bytes = slab_bytes(p_, chunk, units_of(at.slab));
        load(slot, static_cast<double>(bytes), static_cast<double>(p_.matrix ? pixels : chunk), at.column == 0 ? a_new_ : a_again_);
      });
      const int64_t b_key = ((d_.one_b ? 0 : at.item * columns_) + at.column) * chunks_ + c;
      auto& b = b_slots_.get(b_key, [&](Slots::Slot& slot) {
        const int64_t turn = (at.item * slabs_ + at.slab) * rows_ + (plan_.order == CubeOrder::SlabsRowsColumns ? at.row : 0), before = std::exchange(b_turns_[static_cast<size_t>(b_key)], turn);
        const double cycles = before < 0 ? b_new_ : before == turn ? 1.0 / soc_.l2_read : b_again_;
        load(slot, static_cast<double>(weight_bytes(p_, chunk, n1)), p_.b_matrix ? (p_.b_transposed ? n * 16 : static_cast<double>(chunk * 16)) : k, cycles);
      });
      const double mads = m_tiles * k_tiles, cube = blocks * n * k + mads * kMadCycles;
      const double b_copies = p_.b_matrix && !p_.b_transposed ? k : k_tiles;
      const double mte1 = blocks * k * kFractalBytes / soc_.l1_to_l0a + k * n * kFractalBytes / soc_.l1_to_l0b + (mads + b_copies) * kLoadCycles;
      const double from = std::max({mte1_, a.ready, b.ready});
      const double first = from + (mte1 / mads), start = std::max({m_, first, ready});
      if (plan_.l0_slots == 1) m_ = start + cube + mte1 - mte1 / mads;
      else m_ = std::max(start + cube, from + mte1 + cube / mads);
      mte1_ = std::max(from + mte1, m_ - cube / mads);
      a.free = b.free = mte1_;
      steps_.push_back({m_, mads, cube / mads});
    }
    pending_ = true, pending_ready_ = m_, pending_blocks_ = blocks, pending_n_ = n, pending_tiles_ = m_tiles, pending_index_ = static_cast<size_t>(index) % 2;
    if (!between) leave();
  }

  // When the scalar unit comes to ask for the next step's operands: before the products of the step before when there is room for
  // both, else before its own; the queue of products lets it go no further ahead.
  double asked_at() const {
    double ahead = kQueuedMads;
    for (size_t i = steps_.size() - std::min<size_t>(steps_.size(), plan_.a_slots > 1 && plan_.b_slots > 1 ? 1 : 0); i-- > 0; ahead -= steps_[i].mads)
      if (ahead <= steps_[i].mads) return steps_[i].end - ahead * steps_[i].mad;
    return 0;
  }

  void leave() {
    if (!pending_) return;
    pending_ = false;
    leave_now(pending_ready_);
    l0c_free_[pending_index_] = soc_.split ? out_ : v_;
  }

  void leave_now(double ready) {
    const double elements = pending_blocks_ * pending_n_ * 256, pieces = pending_tiles_;
    const double bytes = elements * (p_.bytes() ? 1 : 2);
    if (soc_.split) {
      out_ = std::max(out_, ready) + std::max(bytes / kFixRate, bytes / soc_.l2_write) + pieces * (soc_.copy_cycles + pending_n_ * soc_.burst_cycles) + (p_.matrix ? pending_blocks_ * 16 : pending_n_) * soc_.burst_cycles;
      return;
    }
    const auto tiles = static_cast<double>(d_.tile_operands);
    const double copies = p_.matrix ? pieces * pending_n_ : pieces, bursts = p_.matrix ? pending_blocks_ * 16 * pending_n_ : pieces * pending_n_;
    const double through = copies * soc_.copy_cycles + bursts * soc_.burst_cycles;
    // Pieces follow each other: the vector unit works on one while the one before is stored.
    if (tiles > 0) {
      mte2_ += tiles * (bytes / soc_.l2_read + through);
      ready = std::max(ready, mte2_ - tiles * (bytes / soc_.l2_read + through) * (pieces - 1) / pieces);
    }
    const double vector = elements * 4 / soc_.l0c_to_ub + elements * static_cast<double>(d_.chain_bytes) / 128 / 2 + pieces * static_cast<double>(2 + d_.steps) * kVectorCycles;
    const double store = bytes / soc_.l2_write + through;
    const double v_from = std::max(v_, ready);
    v_ = v_from + vector;
    out_ = std::max({out_, v_from + vector / pieces}) + store;
    out_ = std::max(out_, v_ + store / pieces);
    v_ = std::max(v_, out_ - 2 * store / pieces);
  }

  const Soc& soc_;
  const CubeDemand& d_;
  const CubeSchedule& s_;
  const CubePlan& plan_;
  CubeProblem p_;
  CubeShare share_;
  Slots a_slots_, b_slots_;
  int64_t slabs_ = 1, columns_ = 1, chunks_ = 1, rows_ = 1, all_rows_ = 1;  // all_rows_: macros of all slabs for a tile of columns
  double a_new_ = 0, b_new_ = 0, a_again_ = 0, b_again_ = 0;  // cycles a byte, the first time and later
  std::vector<int64_t> b_turns_;  // of each part of the weights: in which turn through them it was read last, -1: not yet
  struct Step {
    double end, mads, mad;  // of its products: when they are done, how many, cycles of each
  };
  std::vector<Step> steps_;
  double asked_ = 0;
  double mte2_ = 0, mte1_ = 0, m_ = 0, v_ = 0, out_ = 0;  // when each pipe is free
  std::array<double, 2> l0c_free_{};
  bool pending_ = false;
  double pending_ready_ = 0, pending_blocks_ = 0, pending_n_ = 0, pending_tiles_ = 1;
  size_t pending_index_ = 0;
};

}  // namespace

double estimate_cycles(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan) {
  return CubeWalk(soc, demand, schedule, plan).run();
}

}  // namespace npu
