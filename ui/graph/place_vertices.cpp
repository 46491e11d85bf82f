// SPDX-License-Identifier: Apache-2.0
// Horizontal placement: vertices are aligned with a median neighbour in four ways (up or down, from left or right), each way is
// made compact, and the middle of the four is taken (Brandes and Koepf 2001). Bends of one edge come to lie on one line.
#include <algorithm>
#include <array>
#include <limits>

#include "ui/graph/proper_layers.h"

namespace npu::ui {
namespace {

using Link = ProperLayers::Link;
using Order = std::vector<std::vector<int>>;

// Links that cross one between two bends: they must not be aligned, or the long edge would be crooked.
std::vector<char> find_conflicts(const ProperLayers& layers, const std::vector<int>& position) {
  std::vector<char> conflict(static_cast<size_t>(layers.links), 0);
  for (size_t i = 1; i < layers.order.size(); ++i) {
    const auto& lower = layers.order[i];
    const int last_above = static_cast<int>(layers.order[i - 1].size()) - 1;
    int left = 0;
    size_t scanned = 0;
    for (size_t l = 0; l < lower.size(); ++l) {
      int bend_above = -1;
      if (layers.is_bend(lower[l]))
        for (const Link& link : layers.up[static_cast<size_t>(lower[l])])
          if (layers.is_bend(link.vertex)) bend_above = position[static_cast<size_t>(link.vertex)];
      if (bend_above < 0 && l + 1 < lower.size()) continue;
      const int right = bend_above < 0 ? last_above : bend_above;
      for (; scanned <= l; ++scanned)
        for (const Link& link : layers.up[static_cast<size_t>(lower[scanned])]) {
          const int above = position[static_cast<size_t>(link.vertex)];
          const bool inner = layers.is_bend(link.vertex) && layers.is_bend(lower[scanned]);
          if ((above < left || above > right) && !inner) conflict[static_cast<size_t>(link.edge)] = 1;
        }
      left = right;
    }
  }
  return conflict;
}

// One of the four ways. Blocks are vertices of successive layers at one x, named by their first vertex.
class Way {
 public:
  Way(const ProperLayers& layers, const std::vector<char>& conflict, const std::vector<float>& half, bool from_below, bool from_right)
      : layers_(layers), conflict_(conflict), half_(half), from_below_(from_below), from_right_(from_right), order_(layers.order) {
    if (from_below) std::ranges::reverse(order_);
    if (from_right)
      for (auto& layer : order_) std::ranges::reverse(layer);
    position_ = positions(order_, layers.size());
  }

  std::vector<double> place() {
    align();
    std::vector<double> x = compact();
    if (from_right_)
      for (double& value : x) value = -value;
    return x;
  }

 private:
  void align() {
    root_.resize(layers_.size());
    next_.resize(layers_.size());
    for (size_t v = 0; v < root_.size(); ++v) root_[v] = next_[v] = static_cast<int>(v);
    std::vector<Link> links;
    for (const auto& layer : order_) {
      int taken = -1;  // position in the layer before
      for (const int v : layer) {
        links = from_below_ ? layers_.down[static_cast<size_t>(v)] : layers_.up[static_cast<size_t>(v)];
        if (links.empty()) continue;
        std::ranges::sort(links, {}, [&](const Link& l) { return position_[static_cast<size_t>(l.vertex)]; });
        for (size_t m = (links.size() - 1) / 2; m <= links.size() / 2; ++m) {
          const int u = links[m].vertex;
          if (next_[static_cast<size_t>(v)] != v || conflict_[static_cast<size_t>(links[m].edge)] || position_[static_cast<size_t>(u)] <= taken) continue;
          next_[static_cast<size_t>(u)] = v;
          root_[static_cast<size_t>(v)] = root_[static_cast<size_t>(u)];
          next_[static_cast<size_t>(v)] = root_[static_cast<size_t>(v)];
          taken = position_[static_cast<size_t>(u)];
        }
      }
    }
  }

  struct Step {
    int to = 0;
    double room = 0;
  };

  // Every block as far left as its neighbours allow, then as near to its right neighbours as it may.
  std::vector<double> compact() {
    const size_t count = layers_.size();
    std::vector<std::vector<Step>> right(count);
    std::vector<int> waiting(count, 0);
    for (const auto& layer : order_)
      for (size_t i = 1; i < layer.size(); ++i) {
        const auto a = static_cast<size_t>(layer[i - 1]), b = static_cast<size_t>(layer[i]);
        right[static_cast<size_t>(root_[a])].push_back({root_[b], static_cast<double>(half_[a]) + half_[b]});
        ++waiting[static_cast<size_t>(root_[b])];
      }
    std::vector<int> sequence;
    for (size_t v = 0; v < count; ++v)
      if (root_[v] == static_cast<int>(v) && waiting[v] == 0) sequence.push_back(static_cast<int>(v));
    std::vector<double> x(count, 0);
    for (size_t i = 0; i < sequence.size(); ++i) {
      const auto block = static_cast<size_t>(sequence[i]);
      for (const Step& step : right[block]) {
        double& to = x[static_cast<size_t>(step.to)];
        to = std::max(to, x[block] + step.room);
        if (--waiting[static_cast<size_t>(step.to)] == 0) sequence.push_back(step.to);
      }
    }
    for (size_t i = sequence.size(); i-- > 0;) {
      const auto block = static_cast<size_t>(sequence[i]);
      double most = std::numeric_limits<double>::infinity();
      for (const Step& step : right[block]) most = std::min(most, x[static_cast<size_t>(step.to)] - step.room);
      if (!right[block].empty()) x[block] = std::max(x[block], most);
    }
    for (size_t v = 0; v < count; ++v) x[v] = x[static_cast<size_t>(root_[v])];
    return x;
  }

  const ProperLayers& layers_;
  const std::vector<char>& conflict_;
  const std::vector<float>& half_;
  bool from_below_, from_right_;
  Order order_;
  std::vector<int> position_, root_, next_;
};

struct Extent {
  double low = 0, high = 0;
};

Extent extent_of(const std::vector<double>& x, const std::vector<float>& half) {
  Extent extent{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (size_t v = 0; v < x.size(); ++v) {
    extent.low = std::min(extent.low, x[v] - half[v]);
    extent.high = std::max(extent.high, x[v] + half[v]);
  }
  return extent;
}

}  // namespace

std::vector<double> place_vertices(const ProperLayers& layers, const std::vector<float>& half, ThreadPool& pool) {
  const std::vector<char> conflict = find_conflicts(layers, positions(layers.order, layers.size()));
  std::array<std::vector<double>, 4> ways;
  pool.parallel_for(ways.size(), [&](size_t i) { ways[i] = Way(layers, conflict, half, i & 1, i & 2).place(); });
  std::array<Extent, 4> extents;
  size_t narrowest = 0;
  for (size_t i = 0; i < ways.size(); ++i) {
    extents[i] = extent_of(ways[i], half);
    if (extents[i].high - extents[i].low < extents[narrowest].high - extents[narrowest].low) narrowest = i;
  }
  for (size_t i = 0; i < ways.size(); ++i) {
    const double shift = i & 2 ? extents[narrowest].high - extents[i].high : extents[narrowest].low - extents[i].low;
    for (double& x : ways[i]) x += shift;
  }
  std::vector<double> x(layers.size());
  for (size_t v = 0; v < x.size(); ++v) {
    std::array<double, 4> four{ways[0][v], ways[1][v], ways[2][v], ways[3][v]};
    std::ranges::sort(four);
    x[v] = (four[1] + four[2]) / 2;
  }
  return x;
}

}  // namespace npu::ui
