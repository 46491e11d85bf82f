// SPDX-License-Identifier: Apache-2.0
// The inside of layered_layout: a graph in which every edge goes from one layer to the next, and the steps that work on it.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "ui/graph/layered_layout.h"

namespace npu::ui {

// Vertices are the graph's nodes, then bends: points where a long edge passes a layer.
struct ProperLayers {
  struct Link {
    int vertex = 0;  // the other end
    int edge = 0;    // number of the link, the same from both ends
  };

  size_t nodes = 0;                     // vertices below this are nodes
  std::vector<int> layer;               // of each vertex
  std::vector<std::vector<int>> order;  // of each layer: its vertices from left to right
  std::vector<std::vector<Link>> up, down;
  int links = 0;
  // Of each edge of the graph: the bends it passes, top to bottom. Those with lane[edge] != 0 have none and go round.
  std::vector<std::vector<int>> bends;
  std::vector<char> lane;

  size_t size() const { return layer.size(); }
  bool is_bend(int vertex) const { return static_cast<size_t>(vertex) >= nodes; }
};

ProperLayers make_proper_layers(const LayoutGraph& graph, size_t most_bends);

// Position of each vertex in its layer.
std::vector<int> positions(const std::vector<std::vector<int>>& order, size_t vertices);
int64_t count_crossings(const ProperLayers& layers, const std::vector<std::vector<int>>& order);

// Changes layers.order so that few links cross. False: cancelled.
bool order_layers(ProperLayers& layers, ThreadPool& pool, const std::atomic<bool>* cancelled);

// The centre of each vertex. `half` is half the room a vertex needs, gaps included.
std::vector<double> place_vertices(const ProperLayers& layers, const std::vector<float>& half, ThreadPool& pool);

}  // namespace npu::ui
