// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/graph/proper_layers.h"

namespace npu::ui {
namespace {

constexpr float kBendRoom = 2;       // the width of an edge that passes a layer
constexpr float kPortMargin = 10;    // of a node's side, where no edge ends
constexpr float kLaneGap = 7;        // between lanes beside the drawing
constexpr float kSteep = 0.06f;      // a layer's gap grows with the widest step below it, so that curves do not lie flat ...
constexpr float kMostExtraGap = 90;  // ... up to this

struct Band {
  float top = 0;
  float bottom = 0;
};

class Drawer {
 public:
  Drawer(const LayoutGraph& graph, const LayoutOptions& options, const ProperLayers& layers, std::vector<double> x)
      : graph_(graph), options_(options), layers_(layers), x_(std::move(x)) {}

  GraphLayout draw() {
    shift_to_zero();
    stack_layers();
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Band& band = bands_[static_cast<size_t>(layers_.layer[n])];
      const auto [width, height] = graph_.nodes[n];
      const float x0 = at(n) - width / 2, y0 = band.top + std::max(0.0f, std::floor((band.bottom - band.top - height) / 2));
      made_.nodes.push_back({x0, y0, x0 + width, y0 + height});
    }
    made_.layers.assign(layers_.layer.begin(), layers_.layer.begin() + static_cast<ptrdiff_t>(graph_.nodes.size()));
    for (size_t e = 0; e < graph_.edges.size(); ++e) made_.routes.push_back(layers_.lane[e] ? lane_route(e) : route(e));
    return std::move(made_);
  }

 private:
  float at(size_t vertex) const { return static_cast<float>(x_[vertex]); }
  float half_width(size_t v) const { return v < graph_.nodes.size() ? graph_.nodes[v].width / 2 : kBendRoom / 2; }

  void shift_to_zero() {
    double low = std::numeric_limits<double>::infinity();
    for (size_t v = 0; v < x_.size(); ++v) low = std::min(low, x_[v] - half_width(v));
    for (size_t v = 0; v < x_.size(); ++v) {
      x_[v] = std::round((x_[v] - low) * 2) / 2;  // half pixels: vertical lines stay vertical
      made_.width = std::max(made_.width, at(v) + half_width(v));
    }
  }

  void stack_layers() {
    float y = 0;
    for (const auto& layer : layers_.order) {
      float height = 0, step = 0;
      for (const int v : layer) {
        if (!layers_.is_bend(v)) height = std::max(height, graph_.nodes[static_cast<size_t>(v)].height);
        for (const auto& link : layers_.down[static_cast<size_t>(v)])
          step = std::max(step, std::abs(at(static_cast<size_t>(v)) - at(static_cast<size_t>(link.vertex))));
      }
      bands_.push_back({y, y + height});
      made_.height = y + height;
      y += height + options_.gap_y + std::min(kMostExtraGap, step * kSteep);
    }
  }

  void add(std::vector<Point>& points, Point p) const {
    const size_t n = points.size();
    if (n >= 1 && points[n - 1].x == p.x && points[n - 1].y == p.y) return;
    if (n >= 2 && points[n - 1].x == p.x && points[n - 2].x == p.x) points.pop_back();
    points.push_back(p);
  }

  // Straight up from where an edge ends as long as that is above the node, else to the node's nearest side.
  float port(size_t node, float from) const {
    const float reach = std::max(0.0f, graph_.nodes[node].width / 2 - kPortMargin);
    return std::clamp(from, at(node) - reach, at(node) + reach);
  }

  void begin_route(std::vector<Point>& points, size_t from) const {
    add(points, {at(from), made_.nodes[from].y1});
    add(points, {at(from), bands_[static_cast<size_t>(layers_.layer[from])].bottom});
  }

  void end_route(std::vector<Point>& points, size_t to) const {
    const float x = port(to, points.back().x);
    add(points, {x, bands_[static_cast<size_t>(layers_.layer[to])].top});
    add(points, {x, made_.nodes[to].y0});
  }

  std::vector<Point> route(size_t e) const {
    std::vector<Point> points;
    begin_route(points, static_cast<size_t>(graph_.edges[e].from));
    for (const int bend : layers_.bends[e]) {
      const Band& band = bands_[static_cast<size_t>(layers_.layer[static_cast<size_t>(bend)])];
      add(points, {at(static_cast<size_t>(bend)), band.top});
      add(points, {at(static_cast<size_t>(bend)), band.bottom});
    }
    end_route(points, static_cast<size_t>(graph_.edges[e].to));
    return points;
  }

  std::vector<Point> lane_route(size_t e) {
    const auto from = static_cast<size_t>(graph_.edges[e].from), to = static_cast<size_t>(graph_.edges[e].to);
    const float lane = made_.width + kLaneGap;
    made_.width = lane;
    std::vector<Point> points;
    begin_route(points, from);
    add(points, {lane, bands_[static_cast<size_t>(layers_.layer[from]) + 1].top});
    add(points, {lane, bands_[static_cast<size_t>(layers_.layer[to]) - 1].bottom});
    end_route(points, to);
    return points;
  }

  const LayoutGraph& graph_;
  const LayoutOptions& options_;
  const ProperLayers& layers_;
  std::vector<double> x_;
  std::vector<Band> bands_;
  GraphLayout made_;
};

}  // namespace

std::optional<GraphLayout> layered_layout(const LayoutGraph& graph, const LayoutOptions& options, const std::atomic<bool>* cancelled) {
  if (graph.nodes.empty()) return GraphLayout{};
  ThreadPool pool(options.threads);
  ProperLayers layers = make_proper_layers(graph, options.most_bends);
  if (!order_layers(layers, pool, cancelled)) return std::nullopt;
  std::vector<float> half(layers.size());
  for (size_t v = 0; v < half.size(); ++v) half[v] = v < graph.nodes.size() ? (graph.nodes[v].width + options.gap_x) / 2 : (kBendRoom + options.bend_gap) / 2;
  std::vector<double> x = place_vertices(layers, half, pool);
  if (cancelled && *cancelled) return std::nullopt;
  return Drawer(graph, options, layers, std::move(x)).draw();
}

}  // namespace npu::ui
