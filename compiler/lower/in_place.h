// SPDX-License-Identifier: Apache-2.0
// Which inputs a task may write its result over.
#pragma once

#include <vector>

#include "compiler/lower/rule.h"

namespace npu {

// The activations that the task's lowering reads in the tiles, and of the elements, that it writes the result in: whatever the
// schedule, a tile's bytes are read by the core that later writes them, and by no other tile. Each has the result's format and
// bytes an element. Empty for tasks of several results and those whose lowering says nothing of the kind.
std::vector<ValueId> in_place_inputs(const Graph& graph, const TaskSpec& task);

}  // namespace npu
