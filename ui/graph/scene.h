// SPDX-License-Identifier: Apache-2.0
// What of a graph is drawn, where: nodes and folded groups as boxes with their lines of text, edges as routes. In units of pixels at
// zoom 1. Immutable; made on a worker thread, drawn by the canvas and by the exports.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ui/graph/fold.h"
#include "ui/graph/graph_model.h"
#include "ui/graph/layered_layout.h"
#include "ui/studio/settings.h"

namespace npu::ui {

// Widths of characters at size 1, so that boxes can be sized away from the thread that owns the fonts.
struct FontMetrics {
  std::array<float, 95> ascii{};  // from ' ' on
  float other = 1;                // anything else

  // A common sans-serif face, on the wide side.
  static FontMetrics plain();
  float width(std::string_view utf8, float size) const;
};

struct SceneStyle {
  FontMetrics body = FontMetrics::plain();
  FontMetrics strong = FontMetrics::plain();
  float title = 14;  // size of text
  float text = 12;
};

struct SceneRow {
  std::string name;   // "weight"
  std::string value;  // "64×3×7×7", "= 0.5"
  int input = 0;      // value of the model
};

struct SceneNode {
  Box box;
  int node = -1;      // of the model, or
  int group = -1;     // of the tree: folded
  std::string title;  // already cut to the box
  std::string detail;
  std::vector<SceneRow> rows;
};

struct SceneEdge {
  int from = 0;       // of the scene
  int to = 0;
  int value = 0;
  std::vector<Point> points;  // see GraphLayout::routes
  std::string label;
};

// Around what an unfolded group consists of.
struct SceneFrame {
  Box box;
  int group = 0;
  std::string title;
};

struct Scene {
  GraphModelPtr model;
  std::shared_ptr<const FoldTree> tree;
  std::vector<char> open;           // of each group
  SceneStyle style;
  std::vector<SceneNode> nodes;     // by their first node in the model
  std::vector<SceneEdge> edges;
  std::vector<SceneFrame> frames;   // outer ones first
  std::vector<int> shown_as;        // scene node of each node of the model
  std::vector<std::vector<int>> out, in;  // edges of each scene node, from left to right
  float width = 0;
  float height = 0;

  // Numbers of the nodes and edges that may be visible in a part of the drawing; every one that is visible is among them.
  struct Visible {
    std::vector<int> nodes, edges;
  };
  void visible(const Box& part, Visible& found) const;
  int node_at(Point p) const;       // -1: none
  int edge_at(Point p, float reach) const;  // the nearest edge not farther away than `reach`; -1: none
  // Of the model: the edge that one of the scene stands for (the first where a group reads a tensor several times).
  int model_edge(int edge) const;

  std::vector<std::vector<int>> node_bands, edge_bands;  // by height, for visible()
};
using ScenePtr = std::shared_ptr<const Scene>;

struct SceneRequest {
  GraphModelPtr model;
  std::shared_ptr<const FoldTree> tree;  // none: nothing is folded
  std::vector<char> open;                // of each group; shorter: the others are folded
  SceneStyle style;
  Language language = Language::English;
  int threads = 1;
};

// Lays the request out. nullptr: cancelled.
ScenePtr make_scene(const SceneRequest& request, const std::atomic<bool>* cancelled = nullptr);

// "12 x transformer layer"; of one block "transformer layer 3".
std::string group_title(const FoldGroup& group, Language language);

}  // namespace npu::ui
