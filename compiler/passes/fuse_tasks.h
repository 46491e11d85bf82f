// SPDX-License-Identifier: Apache-2.0
// What fuse-tasks does not look at, for whoever asks about one edge.
#pragma once

#include <string_view>

#include "core/graph/graph.h"

namespace npu::pass {

// Why `node` is no candidate for the task that `first` begins, whatever lies between them; empty: it is one, and the pass keeps a
// reason of its own where it left it alone. Both as they are after assign-engine.
std::string_view no_task_candidate(const Node& first, const Node& node);

}  // namespace npu::pass
