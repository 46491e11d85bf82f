// SPDX-License-Identifier: Apache-2.0
// Nodes of a compiled graph as tasks in execution order.
#pragma once

#include <vector>

#include "compiler/lower/rule.h"

namespace npu {

// Appends a node to a task: what it reads from outside joins the inputs, its results become the outputs.
void add_to_task(const Graph& graph, TaskSpec& task, NodeId id);

// By where the last node stands: then everything a task reads has been computed.
void sort_tasks(const Graph& graph, std::vector<TaskSpec>& tasks);

// The tasks that Node::task describes. A node that executes and has no number is a task of its own; nodes of the host
// are in none.
std::vector<TaskSpec> group_tasks(const Graph& graph);

}  // namespace npu
