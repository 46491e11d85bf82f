// SPDX-License-Identifier: Apache-2.0
// Whether what a model computes stays the same bits with other schedules than the default ones.
#pragma once

#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace npu::test {

// Compiles for the chip, and runs `rounds` programs in which every task with decisions has a random legal schedule (the session
// proves the flags of each). Checks outputs byte by byte; gives how many tasks had another schedule, over all rounds.
int check_schedule_bits(const Graph& graph, const std::vector<Tensor>& inputs, const std::string& soc, int rounds, uint64_t seed);

}  // namespace npu::test
