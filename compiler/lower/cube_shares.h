// SPDX-License-Identifier: Apache-2.0
// Sizes that the default plan and the check of a schedule share.
#pragma once

#include "compiler/lower/cube.h"

namespace npu {

// The largest core's part.
struct CubeShare {
  int64_t items, units, n1;
};
CubeShare share_of(const CubeProblem& problem, const CubeSchedule& schedule);
// The problem as this schedule reads its feature map.
CubeProblem scheduled(CubeProblem problem, const CubeSchedule& schedule);

int64_t most_chunk(const CubeProblem& problem);  // channel blocks that img2col can address
int64_t most_ub_rows(const Soc& soc, const CubeProblem& problem, int64_t chain_bytes);  // of one mad's results, a multiple of 16 or less than 16
int64_t slab_rows(const CubeProblem& problem, int64_t units);  // output pixels
// In L1: of the feature map under a slab, and of the weights.
int64_t slab_bytes(const CubeProblem& problem, int64_t chunk, int64_t units);
int64_t weight_bytes(const CubeProblem& problem, int64_t chunk, int64_t n_tile);

}  // namespace npu
