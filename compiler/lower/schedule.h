// SPDX-License-Identifier: Apache-2.0
// What a lowering leaves to choose: decisions that change when a task's result is there, and none of its bits. The default is
// the compiler's own; a tuner tries others.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/isa/program.h"

namespace npu {

// The order in which a core makes the parts of its result, the outermost loop first. K is always innermost and ascending: the
// sums of a result would round otherwise in another order, so that a split of K is no decision.
enum class CubeOrder : int64_t { SlabsColumnsRows, SlabsRowsColumns, ColumnsSlabsRows, ColumnsItemsSlabs };

// When results leave L0C: between the products of the next part, or right behind their own.
enum class CubeLeave : int64_t { Between, After };

struct CubeSchedule {
  int64_t items = 1, units = 1, columns = 1;  // parts of the task; each combination is one core's share
  int64_t n_tile = 1;       // blocks of 16 columns of one mad
  int64_t m_tile = 1;       // blocks of 16 rows of one mad
  int64_t k_tile = 1;       // fractals of K of one mad, at most
  int64_t macro_tiles = 1;  // tiles of rows in L0C at a time, at most: those that fit
  int64_t c1_chunk = 1;     // channel blocks in L1 at a time
  int64_t slab_units = 1;   // units of the feature map (CubeProblem::units) in L1 at a time
  int64_t a_share = 8;      // sixteenths of L1 for the feature map; the rest is for the weights
  int64_t l0_slots = 2;     // of L0A and of L0B: 2 overlaps loads and products, 1 makes room for larger tiles
  int64_t l0c_slots = 2;    // 1 only when results leave After
  int64_t order = 0;        // CubeOrder
  int64_t leave = 0;        // CubeLeave
  int64_t by_rows = 0;      // img2col of a 1x1 kernel: 0 takes pixels as one long row, 1 row by row

  friend bool operator==(const CubeSchedule&, const CubeSchedule&) = default;
};

struct VectorSchedule {
  int64_t parts = 1;  // cores
  int64_t tile = 1;   // what UB holds at a time: elements of a chain, output rows of a pooling, rows of a softmax
  int64_t slots = 2;  // tiles in turn: 1 waits for each, 2 and 3 overlap copies and vector instructions

  friend bool operator==(const VectorSchedule&, const VectorSchedule&) = default;
};

using Schedule = std::variant<CubeSchedule, VectorSchedule>;

// The fields by name, in the order of fields_of().
std::span<const std::string_view> field_names(const Schedule& schedule);
std::vector<int64_t> fields_of(const Schedule& schedule);
// InvalidArgument when there are not as many values as fields of this kind.
Status set_fields(Schedule& schedule, std::span<const int64_t> values);
std::string to_string(const Schedule& schedule);  // "n_tile=8 m_tile=4 ..."

// Fields that are chosen together, and what they may be.
struct Knob {
  std::string_view name;
  std::vector<size_t> fields;                 // indices into field_names()
  std::vector<std::vector<int64_t>> options;  // a value for each of the fields
};

// One task with its decisions open. The functions own what they need, but for the chip.
struct ScheduleSite {
  Schedule fallback;
  std::vector<Knob> knobs;  // each has the fallback's values among its options
  // Cycles by a fast model, to rank by. CompileLimit with the sizes when the decision cannot be had.
  std::function<Result<double>(const Schedule&)> estimate;
  // Cycles that no simulation of this decision goes below. CompileLimit as above.
  std::function<Result<double>(const Schedule&)> lower_bound;
  // Of schedules that come to the same streams, the one that stands for them. Only for legal ones.
  std::function<Schedule(const Schedule&)> canonical;
  // The task's instruction streams. CompileLimit with the sizes when the decision cannot be had.
  std::function<Result<std::vector<Program>>(const Schedule&)> emit;
};

}  // namespace npu
