// SPDX-License-Identifier: Apache-2.0
// Finds what a network repeats: rows of blocks with the same structure (residual blocks of a stage, transformer layers), which can
// be drawn as one node. Works on structure and operators; names only break ties.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ui/graph/graph_model.h"

namespace npu::ui {

enum class BlockKind : uint8_t { Transformer, Residual, Convolution, Plain };

// A row of blocks, or one block of a row: the nodes [first, last) of the model, which are convex (no path leaves and comes back).
struct FoldGroup {
  int parent = -1;          // group around it
  bool row = false;
  int first = 0;
  int last = 0;
  int count = 1;            // of a row: its blocks
  int index = 0;            // of a block: its place in the row
  bool identical = false;   // of a row: its blocks agree node for node (else on their longest path: a shortcut may differ)
  BlockKind kind = BlockKind::Plain;
  std::string name;         // what the names of its nodes begin with: "layer1.0", may be empty

  int nodes() const { return last - first; }
};

struct FoldTree {
  std::vector<FoldGroup> groups;    // a group comes after the one around it
  std::vector<int> innermost;       // of each node: the smallest group it is in; -1: none
};

// A row has at least two blocks that follow each other and whose results have the same shape (or three or more with different ones).
FoldTree find_blocks(const GraphModel& model);

}  // namespace npu::ui
