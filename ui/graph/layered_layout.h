// SPDX-License-Identifier: Apache-2.0
// Places the nodes of a directed acyclic graph in layers, top to bottom, and routes its edges (Sugiyama, Tagawa and Toda 1981).
// Layers by longest paths, pulled together; long edges through bends of their own; order by barycentres and medians (Gansner et
// al. 1993); x by Brandes and Koepf 2001 on a graph of blocks. Same picture with any number of threads.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

namespace npu::ui {

struct Point {
  float x = 0;
  float y = 0;
};

struct Size {
  float width = 0;
  float height = 0;
};

// Left, top, right, bottom.
struct Box {
  float x0 = 0;
  float y0 = 0;
  float x1 = 0;
  float y1 = 0;

  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  bool overlaps(const Box& other) const { return x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1; }
};

// Precondition: from < to. Edges of one node with the same bundle share their way until it forks.
struct LayoutEdge {
  int from = 0;
  int to = 0;
  int bundle = 0;
};

struct LayoutGraph {
  std::vector<Size> nodes;
  std::vector<LayoutEdge> edges;
};

struct LayoutOptions {
  float gap_x = 26;            // between nodes of a layer
  float gap_y = 42;            // between layers
  float bend_gap = 16;         // between an edge that passes by and its neighbours
  int threads = 1;
  size_t most_bends = 300000;  // the longest edges beyond it run in lanes beside the drawing
};

struct GraphLayout {
  std::vector<Box> nodes;      // none overlap; an edge's source lies above its target
  std::vector<int> layers;     // of each node
  // Of each edge, top to bottom: points with the same x are joined by a line, others by a curve with vertical ends.
  std::vector<std::vector<Point>> routes;
  float width = 0;
  float height = 0;
};

// Empty when `cancelled` became true.
std::optional<GraphLayout> layered_layout(const LayoutGraph& graph, const LayoutOptions& options, const std::atomic<bool>* cancelled = nullptr);

}  // namespace npu::ui
