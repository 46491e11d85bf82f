// SPDX-License-Identifier: Apache-2.0
// A graph that is panned, zoomed, folded and searched. One object shows one graph; several may stand side by side.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ui/graph/colouring.h"
#include "ui/graph/graph_change.h"
#include "ui/graph/graph_worker.h"
#include "ui/graph/scene.h"
#include "ui/view.h"

namespace npu::ui {

class GraphCanvas {
 public:
  struct Input {
    GraphModelPtr model;
    std::shared_ptr<const TaskLinks> links;  // may be empty
    ColourBy colour_by = ColourBy::Kind;
    const std::vector<GraphMark>* marks = nullptr;  // of each node of the model; kept alive by the caller while it draws
    const std::vector<int>* lit = nullptr;   // nodes of the model to be shown as belonging together; kept alive likewise
    bool fold = true;                        // repeated blocks begin as one node
    bool edges = false;                      // edges can be chosen
    bool minimap = true;
  };

  GraphCanvas();
  ~GraphCanvas();
  GraphCanvas(const GraphCanvas&) = delete;
  GraphCanvas& operator=(const GraphCanvas&) = delete;

  // In the space left, or `size` where it is positive. The layout runs on a thread; until it is there, so much is said.
  void draw(const View& view, const char* id, const Input& input, ImVec2 size = {0, 0});

  // A node of the model; -1: none. True once after it was chosen by hand.
  int selected() const { return selected_; }
  int selected_group() const { return selected_group_; }  // when a folded group is selected
  bool take_selection_changed() { return std::exchange(selection_changed_, false); }
  // Of the model: the edge that is chosen; -1: none. Choosing one takes the choice from the node.
  int selected_edge() const { return selected_edge_; }
  void select_edge(int edge) { selected_edge_ = edge, selected_ = selected_group_ = -1, selection_changed_ = true; }
  int pointed_edge() const { return scene_ && edge_under_pointer_ >= 0 ? scene_->model_edge(edge_under_pointer_) : -1; }
  // Nodes of the model that the pointer is on: a folded group has several. Empty: none.
  std::vector<int> pointed_nodes() const;
  // Opens the groups around the node and moves it into view.
  void show(int node);
  void fit() { fit_ = true; }
  void zoom(float factor);
  // A movement of the drawing on the screen: grown by `zoom`, then shifted by pixels.
  struct Motion {
    float zoom = 1, x = 0, y = 0;
    bool fit = false;                        // all of it was asked for
    bool none() const { return zoom == 1 && x == 0 && y == 0 && !fit; }
  };
  Motion motion() const { return motion_; }  // by hand, in the last draw()
  void follow(const Motion& motion);         // moves as another canvas did
  void open_all(bool open);
  // The keyboard asked for the search box.
  bool take_search_wish() { return std::exchange(search_wish_, false); }

  const ScenePtr& scene() const { return scene_; }       // nullptr until it is laid out
  const Colouring& colouring() const { return colouring_; }

  // All of the drawing as it would look on a screen that large `scale` times as large; smaller when it would have too many pixels.
  // The file is made on the thread and comes through take_png().
  void request_png(const View& view, const Input& input, float scale);
  std::optional<std::vector<std::byte>> take_png();

 private:
  struct Inbox {
    std::mutex mutex;
    ScenePtr scene;
    std::shared_ptr<const FoldTree> tree;
    std::optional<std::vector<std::byte>> png;
  };

  void take_input(const View& view, const Input& input);
  void request_scene(const View& view);
  void take_scene();
  void colour(const View& view, const Input& input);
  void toggle(int group);
  void select_shown(int scene_node);

  void handle_pointer(const View& view);
  void handle_keys(const View& view);
  void move_selection(int dx, int dy);
  void bring_into_view(int scene_node, bool centre);
  void apply_fit();

  void draw_scene(const View& view, const Input& input);
  void draw_edge(const View& view, const SceneEdge& edge, ImU32 colour, float width);
  void draw_edge_label(const View& view, const SceneEdge& edge);
  void draw_node(const View& view, const Input& input, int node);
  void draw_node_texts(const View& view, const SceneNode& node, const Box& box, ImU32 head_text);
  void draw_frames(const View& view);
  void draw_minimap(const View& view);
  void show_tooltip(const View& view, int node);
  ImU32 mark_colour(const View& view, const Input& input, const SceneNode& node) const;

  ImVec2 to_screen(Point p) const { return {from_.x + (p.x - left_) * zoom_, from_.y + (p.y - top_) * zoom_}; }
  Box to_screen(const Box& b) const;
  Point to_scene(ImVec2 p) const { return {left_ + (p.x - from_.x) / zoom_, top_ + (p.y - from_.y) / zoom_}; }
  int current() const;               // scene node that is selected; -1: none

  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  GraphModelPtr model_;
  std::shared_ptr<const FoldTree> tree_;
  std::vector<char> open_;
  bool fold_ = true, edges_ = false;
  Language language_ = Language::English;
  const ImFont* font_ = nullptr;     // the metrics were taken from
  SceneStyle style_;
  bool waiting_ = false;             // for a scene
  bool stale_ = false;               // the next scene has to be asked for

  ScenePtr scene_;
  Colouring colouring_;
  ScenePtr coloured_;                // what colouring_ is of
  ColourBy coloured_by_ = ColourBy::Kind;
  std::shared_ptr<const TaskLinks> coloured_links_;

  ImDrawList* list_ = nullptr;       // that is drawn to

  // The camera: what of the scene is at the upper left corner, and pixels per unit.
  ImVec2 from_, size_;
  float left_ = 0, top_ = 0, zoom_ = 1;
  bool fit_ = true;
  int anchor_ = -1;                  // node of the model that stays where it is when the next scene comes
  ImVec2 anchor_at_;
  int wanted_ = -1;                  // node of the model to be shown when the next scene comes

  int selected_ = -1, selected_group_ = -1;
  bool selection_changed_ = false, search_wish_ = false, focused_ = false, hovered_ = false, in_minimap_ = false;
  int under_pointer_ = -1;
  int edge_under_pointer_ = -1;      // of the scene, where edges can be chosen
  int selected_edge_ = -1;           // of the model
  Motion motion_;
  Scene::Visible visible_;
  std::vector<Box> handles_;         // of each frame, on the screen: a click folds it
  std::vector<Box> minimap_;         // filled cells, 0..1
  ScenePtr minimap_of_;

  GraphWorker worker_;               // last: it stops before what it writes goes away
};

}  // namespace npu::ui
