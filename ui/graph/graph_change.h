// SPDX-License-Identifier: Apache-2.0
// What a pass did to a graph: which nodes are gone, new or different, and what became of what.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ui/graph/graph_model.h"

namespace npu::ui {

// What happened to a node between two graphs.
enum class GraphMark : uint8_t { None, Added, Removed, Changed };

// One thing that is not as it was at a node that both graphs have.
struct NodeDifference {
  enum class What : uint8_t { Operator, Attribute, Input, Output, Engine, Task };
  What what = What::Operator;
  std::string name;           // of an attribute; the number of an input or output
  std::string before, after;  // empty: there is none
};

// Nodes of both graphs that are the same one: of one name and operator, else those that make a tensor of one name.
struct NodePairs {
  std::vector<int> of_before, of_after;  // of each node: the other graph's; -1: there is none
};
NodePairs pair_nodes(const GraphModel& before, const GraphModel& after);

struct MarkedNodes {
  std::vector<GraphMark> before, after;  // of each node
  std::vector<std::vector<NodeDifference>> differences;  // of each node of `after`: what makes it Changed
};
MarkedNodes mark_nodes(const GraphModel& before, const GraphModel& after, const NodePairs& pairs);

// What each node of `before` became: its pair; else the changed and new nodes that the compiler says it went into
// (GraphNode::origin); else the nearest ones behind it that are still there and changed. Sorted; may be empty.
std::vector<std::vector<int>> find_successors(const GraphModel& before, const GraphModel& after, const NodePairs& pairs, const MarkedNodes& marks);

// The changed part of both graphs, to be shown side by side.
struct GraphChange {
  struct Side {
    GraphModelPtr part;                    // changed nodes, their neighbours and what they became; see part_of()
    std::vector<GraphMark> marks;          // of each node of the part
    std::vector<std::vector<int>> others;  // of each node of the part: nodes of the other part that it became, or was
  };
  Side before, after;
  std::vector<std::vector<NodeDifference>> differences;  // of each node of after.part
  int removed = 0, added = 0, changed = 0;
  bool engines = false, tasks = false;     // what differs is (also) where nodes run, or with which others
  bool too_large = false;                  // more nodes changed than can be compared by eye: the parts are empty

  bool empty() const { return removed + added + changed == 0; }
};
inline constexpr int kMostChangedNodes = 3000;  // on both sides together

// A node that reads what became of what it read before counts as unchanged here.
GraphChange find_change(const GraphModel& before, const GraphModel& after);

}  // namespace npu::ui
