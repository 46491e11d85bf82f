// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/proper_layers.h"

#include <algorithm>
#include <map>
#include <utility>

namespace npu::ui {
namespace {

// As high as possible, then down again where that shortens more edges than it lengthens.
std::vector<int> assign_layers(const LayoutGraph& graph) {
  const size_t count = graph.nodes.size();
  std::vector<int> layer(count, 0), in(count, 0), out(count, 0);
  std::vector<std::vector<int>> readers(count);
  for (const LayoutEdge& edge : graph.edges) {
    ++in[static_cast<size_t>(edge.to)], ++out[static_cast<size_t>(edge.from)];
    readers[static_cast<size_t>(edge.from)].push_back(edge.to);
  }
  for (size_t n = 0; n < count; ++n)  // edges go from lower to higher numbers
    for (const int to : readers[n]) layer[static_cast<size_t>(to)] = std::max(layer[static_cast<size_t>(to)], layer[n] + 1);
  for (size_t n = count; n-- > 0;) {
    if (readers[n].empty() || out[n] <= in[n]) continue;
    int lowest = layer[static_cast<size_t>(readers[n][0])];
    for (const int to : readers[n]) lowest = std::min(lowest, layer[static_cast<size_t>(to)]);
    layer[n] = lowest - 1;
  }
  return layer;
}

// All edges that share their way: from one node, with one bundle.
struct Bundle {
  int from = 0;
  int last_layer = 0;
  std::vector<int> edges;

  size_t bends(const std::vector<int>& layer) const { return static_cast<size_t>(last_layer - layer[static_cast<size_t>(from)] - 1); }
};

std::vector<Bundle> collect_bundles(const LayoutGraph& graph, const std::vector<int>& layer) {
  std::map<std::pair<int, int>, size_t> index;
  std::vector<Bundle> bundles;
  for (size_t e = 0; e < graph.edges.size(); ++e) {
    const LayoutEdge& edge = graph.edges[e];
    const auto [found, fresh] = index.try_emplace({edge.from, edge.bundle}, bundles.size());
    if (fresh) bundles.push_back({edge.from, 0, {}});
    Bundle& bundle = bundles[found->second];
    bundle.edges.push_back(static_cast<int>(e));
    bundle.last_layer = std::max(bundle.last_layer, layer[static_cast<size_t>(edge.to)]);
  }
  return bundles;
}

// Which bundles get no bends, so that no more than `most` are made: the longest ones.
std::vector<char> choose_lanes(const std::vector<Bundle>& bundles, const std::vector<int>& layer, size_t most) {
  std::vector<char> in_lane(bundles.size(), 0);
  size_t total = 0;
  for (const Bundle& bundle : bundles) total += bundle.bends(layer);
  if (total <= most) return in_lane;
  std::vector<size_t> longest(bundles.size());
  for (size_t i = 0; i < longest.size(); ++i) longest[i] = i;
  std::ranges::stable_sort(longest, [&](size_t a, size_t b) { return bundles[a].bends(layer) > bundles[b].bends(layer); });
  for (const size_t b : longest) {
    if (total <= most) break;
    in_lane[b] = 1;
    total -= bundles[b].bends(layer);
  }
  return in_lane;
}

class Maker {
 public:
  Maker(const LayoutGraph& graph, size_t most_bends) : graph_(graph) {
    made_.nodes = graph.nodes.size();
    made_.layer = assign_layers(graph);
    made_.bends.resize(graph.edges.size());
    made_.lane.resize(graph.edges.size(), 0);
    made_.up.resize(made_.nodes);
    made_.down.resize(made_.nodes);
    const std::vector<Bundle> bundles = collect_bundles(graph, made_.layer);
    const std::vector<char> in_lane = choose_lanes(bundles, made_.layer, most_bends);
    for (size_t b = 0; b < bundles.size(); ++b) in_lane[b] ? route_aside(bundles[b]) : route(bundles[b]);
    int last = -1;
    for (const int layer : made_.layer) last = std::max(last, layer);
    made_.order.resize(static_cast<size_t>(last + 1));
    for (size_t v = 0; v < made_.size(); ++v) made_.order[static_cast<size_t>(made_.layer[v])].push_back(static_cast<int>(v));
  }

  ProperLayers take() { return std::move(made_); }

 private:
  void link(int above, int below) {
    made_.down[static_cast<size_t>(above)].push_back({below, made_.links});
    made_.up[static_cast<size_t>(below)].push_back({above, made_.links});
    ++made_.links;
  }

  int add_bend(int above) {
    const int bend = static_cast<int>(made_.size());
    made_.layer.push_back(made_.layer[static_cast<size_t>(above)] + 1);
    made_.up.emplace_back();
    made_.down.emplace_back();
    link(above, bend);
    return bend;
  }

  void route(const Bundle& bundle) {
    std::vector<int> chain;
    const int first_layer = made_.layer[static_cast<size_t>(bundle.from)] + 1;
    for (int layer = first_layer; layer < bundle.last_layer; ++layer) chain.push_back(add_bend(chain.empty() ? bundle.from : chain.back()));
    for (const int e : bundle.edges) {
      const int to = graph_.edges[static_cast<size_t>(e)].to;
      const auto passed = static_cast<size_t>(made_.layer[static_cast<size_t>(to)] - first_layer);
      made_.bends[static_cast<size_t>(e)].assign(chain.begin(), chain.begin() + static_cast<ptrdiff_t>(passed));
      link(passed == 0 ? bundle.from : chain[passed - 1], to);
    }
  }

  // Neighbours stay linked: only what is long goes round.
  void route_aside(const Bundle& bundle) {
    for (const int e : bundle.edges) {
      const int to = graph_.edges[static_cast<size_t>(e)].to;
      if (made_.layer[static_cast<size_t>(to)] == made_.layer[static_cast<size_t>(bundle.from)] + 1) {
        link(bundle.from, to);
      } else {
        made_.lane[static_cast<size_t>(e)] = 1;
      }
    }
  }

  const LayoutGraph& graph_;
  ProperLayers made_;
};

}  // namespace

ProperLayers make_proper_layers(const LayoutGraph& graph, size_t most_bends) { return Maker(graph, most_bends).take(); }

std::vector<int> positions(const std::vector<std::vector<int>>& order, size_t vertices) {
  std::vector<int> position(vertices, 0);
  for (const auto& layer : order)
    for (size_t i = 0; i < layer.size(); ++i) position[static_cast<size_t>(layer[i])] = static_cast<int>(i);
  return position;
}

}  // namespace npu::ui
