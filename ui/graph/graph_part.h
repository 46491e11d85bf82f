// SPDX-License-Identifier: Apache-2.0
// Some nodes of a graph, and what lies between them as nodes that say how many are left out.
#pragma once

#include <vector>

#include "ui/graph/graph_model.h"

namespace npu::ui {

struct GraphPart {
  GraphModelPtr model;
  std::vector<int> whole;  // of each node: the node of the whole graph; -1: it stands for several that are left out
};

// The nodes with keep[node] != 0. Neighbours that are left out are one node with GraphNode::hidden set, as far as that leaves the graph
// acyclic; a single operator is shown as it is. Precondition: keep.size() == model.nodes.size().
GraphPart part_of(const GraphModel& model, std::vector<char> keep);

}  // namespace npu::ui
