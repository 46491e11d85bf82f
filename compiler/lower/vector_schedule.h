// SPDX-License-Identifier: Apache-2.0
// The decisions of tasks without products: how much UB holds at a time, in how many slots, on how many cores.
#pragma once

#include "compiler/lower/rule.h"

namespace npu {

// What one unit of a tile (an element, a row) costs a core.
struct VectorCost {
  double in_bytes = 0, out_bytes = 0;  // from and to GM
  double vector_cycles = 0;
  double tile_cycles = 0;              // of the vector unit for each tile, whatever its size
};

struct VectorWork {
  int64_t units = 1;      // of the whole task: what tiles are counted in
  int64_t most_parts = 1;
  int64_t tile_step = 1;  // tiles are multiples of it
  int64_t least_tile = 1, most_tile = 1;
  VectorCost cost;
  VectorSchedule fallback;
  // Whether a tile's slots fit UB; CompileLimit with the sizes.
  std::function<Status(const VectorSchedule&)> fits;
  std::function<Result<std::vector<Program>>(const VectorSchedule&)> emit;
};

// CompileLimit with the decision's name, value and range, or with the sizes that do not fit.
Status check_schedule(const VectorWork& work, const VectorSchedule& schedule);
double estimate_cycles(const Soc& soc, const VectorWork& work, const VectorSchedule& schedule);

// The fallback, or the tiles that the estimate finds faster: smaller ones overlap.
VectorSchedule overlapped_schedule(const Soc& soc, const VectorWork& work);

// The task's streams by the fallback; leaves its decisions with the context.
Result<std::vector<Program>> emit_vector(LowerContext& context, const VectorWork& work);

}  // namespace npu
