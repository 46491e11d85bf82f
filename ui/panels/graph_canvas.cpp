// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/graph_canvas.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>
#include <imgui_internal.h>

#include "ui/graph/describe.h"
#include "ui/rasterise.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kLeastZoom = 0.002f, kMostZoom = 3;
constexpr float kMargin = 28;           // around the drawing when it is made to fit, pixels
constexpr float kFirstZoom = 0.9f;      // a tall graph is not shown smaller than this at first
constexpr float kTextsZoom = 0.6f;      // nor a wide one smaller than this
constexpr float kDrag = 4;              // pixels a pointer may move and still click
constexpr float kReach = 6, kFinger = 16;  // pixels an edge may be away from what points at it

// Of what characters measure at size 1; only from the thread that draws.
FontMetrics metrics_of(ImFont* font) {
  FontMetrics metrics;
  constexpr float kSize = 32;
  for (size_t i = 0; i < metrics.ascii.size(); ++i) {
    const char c = static_cast<char>(' ' + i);
    metrics.ascii[i] = font->CalcTextSizeA(kSize, FLT_MAX, 0, &c, &c + 1).x / kSize;
  }
  return metrics;
}

}  // namespace

GraphCanvas::GraphCanvas() = default;
GraphCanvas::~GraphCanvas() { worker_.drop(this); }

Box GraphCanvas::to_screen(const Box& b) const {
  const ImVec2 p = to_screen(Point{b.x0, b.y0}), q = to_screen(Point{b.x1, b.y1});
  return {p.x, p.y, q.x, q.y};
}

int GraphCanvas::current() const {
  if (!scene_) return -1;
  if (selected_ >= 0) return scene_->shown_as[static_cast<size_t>(selected_)];
  if (selected_group_ >= 0) return scene_->shown_as[static_cast<size_t>(scene_->tree->groups[static_cast<size_t>(selected_group_)].first)];
  return -1;
}

void GraphCanvas::take_input(const View& view, const Input& input) {
  if (input.model != model_ || input.fold != fold_) {
    const bool other = input.model != model_;
    model_ = input.model;
    fold_ = input.fold;
    tree_.reset();
    open_.clear();
    selected_group_ = -1;
    if (other) {
      scene_.reset();
      selected_ = selected_edge_ = -1;
      fit_ = true;
      wanted_ = anchor_ = -1;
    }
    stale_ = true;
  }
  if (view.settings.language != language_ || view.theme.body != font_) {
    language_ = view.settings.language;
    font_ = view.theme.body;
    style_.body = metrics_of(view.theme.body);
    style_.strong = metrics_of(view.theme.strong);
    stale_ = true;
  }
  if (stale_ && model_) request_scene(view);
}

void GraphCanvas::request_scene(const View& view) {
  stale_ = false;
  waiting_ = true;
  SceneRequest request{model_, tree_, open_, style_, language_, view.settings.threads > 1 ? 2 : 1};
  worker_.post(this, [inbox = inbox_, request = std::move(request), fold = fold_, wake = view.wake](const std::atomic<bool>& cancelled) mutable {
    if (!request.tree) request.tree = std::make_shared<const FoldTree>(fold ? find_blocks(*request.model) : FoldTree{});
    ScenePtr scene = make_scene(request, &cancelled);
    if (!scene) return;
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->scene = std::move(scene);
      inbox->tree = request.tree;
    }
    if (wake) wake();
  });
}

void GraphCanvas::take_scene() {
  ScenePtr next;
  {
    const std::lock_guard lock(inbox_->mutex);
    next = std::exchange(inbox_->scene, nullptr);
    if (next) tree_ = inbox_->tree;
  }
  if (!next || next->model != model_) return;
  waiting_ = false;
  scene_ = std::move(next);
  open_ = scene_->open;
  if (selected_group_ >= static_cast<int>(open_.size())) selected_group_ = -1;
  if (wanted_ >= 0) {
    const int node = std::exchange(wanted_, -1);
    anchor_ = -1;
    show(node);
  } else if (anchor_ >= 0) {
    const Box& box = scene_->nodes[static_cast<size_t>(scene_->shown_as[static_cast<size_t>(std::exchange(anchor_, -1))])].box;
    left_ = (box.x0 + box.x1) / 2 - (anchor_at_.x - from_.x) / zoom_;
    top_ = box.y0 - (anchor_at_.y - from_.y) / zoom_;
  }
}

void GraphCanvas::colour(const View&, const Input& input) {
  if (coloured_ == scene_ && coloured_by_ == input.colour_by && coloured_links_ == input.links) return;
  coloured_ = scene_;
  coloured_by_ = input.colour_by;
  coloured_links_ = input.links;
  const bool fits = input.links && input.links->of_node.size() == model_->nodes.size();
  colouring_ = colour_scene(*scene_, input.colour_by, fits ? input.links.get() : nullptr, language_);
}

void GraphCanvas::toggle(int group) {
  const int first = scene_->tree->groups[static_cast<size_t>(group)].first;
  const Box& box = scene_->nodes[static_cast<size_t>(scene_->shown_as[static_cast<size_t>(first)])].box;
  anchor_ = first;
  anchor_at_ = to_screen(Point{(box.x0 + box.x1) / 2, box.y0});
  char& open = open_[static_cast<size_t>(group)];
  open = !open;
  selected_ = open ? first : -1;
  selected_group_ = open ? -1 : group;
  if (open && scene_->tree->groups[static_cast<size_t>(group)].row) selected_ = -1, selected_group_ = group + 1;  // its first block
  stale_ = true;
}

void GraphCanvas::open_all(bool open) {
  std::ranges::fill(open_, static_cast<char>(open));
  selected_group_ = -1;
  stale_ = true;
  fit_ = true;
}

void GraphCanvas::select_shown(int scene_node) {
  const SceneNode* node = scene_node >= 0 ? &scene_->nodes[static_cast<size_t>(scene_node)] : nullptr;
  selected_ = node ? node->node : -1;
  selected_group_ = node ? node->group : -1;
  selected_edge_ = -1;
  selection_changed_ = true;
}

std::vector<int> GraphCanvas::pointed_nodes() const {
  std::vector<int> nodes;
  if (!scene_ || under_pointer_ < 0) return nodes;
  for (size_t n = 0; n < scene_->shown_as.size(); ++n)
    if (scene_->shown_as[n] == under_pointer_) nodes.push_back(static_cast<int>(n));
  return nodes;
}

void GraphCanvas::follow(const Motion& motion) {
  if (!scene_) return;
  fit_ = fit_ || motion.fit;
  zoom_ *= motion.zoom;
  left_ -= motion.x / zoom_;
  top_ -= motion.y / zoom_;
}

void GraphCanvas::show(int node) {
  if (!scene_ || node < 0 || static_cast<size_t>(node) >= model_->nodes.size()) return;
  selection_changed_ = selection_changed_ || selected_ != node;
  selected_ = node;
  selected_group_ = selected_edge_ = -1;
  const int shown = scene_->shown_as[static_cast<size_t>(node)];
  if (scene_->nodes[static_cast<size_t>(shown)].group < 0) {
    zoom_ = std::max(zoom_, kFirstZoom);
    fit_ = false;
    bring_into_view(shown, true);
    return;
  }
  for (int g = tree_->innermost[static_cast<size_t>(node)]; g >= 0; g = tree_->groups[static_cast<size_t>(g)].parent) open_[static_cast<size_t>(g)] = 1;
  wanted_ = node;
  stale_ = true;
}

void GraphCanvas::zoom(float factor) {
  const Point middle = to_scene({from_.x + size_.x / 2, from_.y + size_.y / 2});
  zoom_ = std::clamp(zoom_ * factor, kLeastZoom, kMostZoom);
  left_ = middle.x - size_.x / 2 / zoom_;
  top_ = middle.y - size_.y / 2 / zoom_;
}

// All of it; of a tall graph the upper end, at a size that can be read.
void GraphCanvas::apply_fit() {
  if (size_.x < 10 || size_.y < 10) return;
  if (!std::exchange(fit_, false)) return;
  const float wide = (size_.x - 2 * kMargin) / std::max(1.0f, scene_->width), high = (size_.y - 2 * kMargin) / std::max(1.0f, scene_->height);
  zoom_ = std::clamp(std::min({1.0f, std::max(wide, kTextsZoom), std::max(high, kFirstZoom)}), kLeastZoom, kMostZoom);
  left_ = scene_->width / 2 - size_.x / 2 / zoom_;
  top_ = high >= zoom_ ? scene_->height / 2 - size_.y / 2 / zoom_ : -kMargin / zoom_;
}

void GraphCanvas::bring_into_view(int scene_node, bool centre) {
  const Box& box = scene_->nodes[static_cast<size_t>(scene_node)].box;
  const Box seen{left_ + 20 / zoom_, top_ + 20 / zoom_, left_ + (size_.x - 20) / zoom_, top_ + (size_.y - 20) / zoom_};
  const bool inside = box.x0 >= seen.x0 && box.x1 <= seen.x1 && box.y0 >= seen.y0 && box.y1 <= seen.y1;
  if (inside && !centre) return;
  left_ = (box.x0 + box.x1) / 2 - size_.x / 2 / zoom_;
  top_ = (box.y0 + box.y1) / 2 - size_.y / 2 / zoom_;
}

// Along the edges up and down; sideways to the next node of the same height.
void GraphCanvas::move_selection(int dx, int dy) {
  int at = current();
  if (at < 0) {
    if (scene_->nodes.empty()) return;
    at = 0;
  } else if (dy != 0) {
    const auto& edges = dy > 0 ? scene_->out[static_cast<size_t>(at)] : scene_->in[static_cast<size_t>(at)];
    if (edges.empty()) return;
    const SceneEdge& edge = scene_->edges[static_cast<size_t>(edges[edges.size() / 2])];
    at = dy > 0 ? edge.to : edge.from;
  } else {
    const Box& here = scene_->nodes[static_cast<size_t>(at)].box;
    const float middle = (here.y0 + here.y1) / 2;
    Scene::Visible row;
    scene_->visible({-1, middle - 1, scene_->width + 1, middle + 1}, row);
    int best = -1;
    for (const int n : row.nodes) {
      const Box& box = scene_->nodes[static_cast<size_t>(n)].box;
      const bool that_way = dx > 0 ? box.x0 > here.x0 : box.x0 < here.x0;
      const bool nearer = best < 0 || std::abs(box.x0 - here.x0) < std::abs(scene_->nodes[static_cast<size_t>(best)].box.x0 - here.x0);
      if (that_way && nearer) best = n;
    }
    if (best < 0) return;
    at = best;
  }
  select_shown(at);
  bring_into_view(at, false);
}

void GraphCanvas::handle_keys(const View&) {
  const ImGuiID owner = ImGui::GetItemID();
  struct Arrow {
    ImGuiKey key;
    int dx, dy;
  };
  static constexpr Arrow kArrows[] = {{ImGuiKey_LeftArrow, -1, 0}, {ImGuiKey_RightArrow, 1, 0}, {ImGuiKey_UpArrow, 0, -1}, {ImGuiKey_DownArrow, 0, 1}};
  for (const Arrow& arrow : kArrows) {
    ImGui::SetKeyOwner(arrow.key, owner);  // the focus stays here
    if (ImGui::IsKeyPressed(arrow.key, ImGuiInputFlags_Repeat, owner)) move_selection(arrow.dx, arrow.dy);
  }
  for (const ImGuiKey key : {ImGuiKey_Enter, ImGuiKey_Home, ImGuiKey_Slash, ImGuiKey_Escape}) ImGui::SetKeyOwner(key, owner);
  const auto pressed = [&](ImGuiKey key) { return ImGui::IsKeyPressed(key, 0, owner); };
  if (pressed(ImGuiKey_Home)) fit_ = true;
  if (pressed(ImGuiKey_Slash) || (ImGui::GetIO().KeyCtrl && ImGui::IsKeyPressed(ImGuiKey_F, false))) search_wish_ = true;
  if (pressed(ImGuiKey_Escape)) select_shown(-1);
  if (ImGui::IsKeyPressed(ImGuiKey_Equal) || ImGui::IsKeyPressed(ImGuiKey_KeypadAdd)) zoom(1.25f);
  if (ImGui::IsKeyPressed(ImGuiKey_Minus) || ImGui::IsKeyPressed(ImGuiKey_KeypadSubtract)) zoom(0.8f);
  if (!pressed(ImGuiKey_Enter)) return;
  if (selected_group_ >= 0) {
    toggle(selected_group_);
  } else if (selected_ >= 0 && tree_->innermost.size() > static_cast<size_t>(selected_) && tree_->innermost[static_cast<size_t>(selected_)] >= 0) {
    toggle(tree_->innermost[static_cast<size_t>(selected_)]);
  }
}

void GraphCanvas::handle_pointer(const View& view) {
  const ImGuiIO& io = ImGui::GetIO();
  if (hovered_ && io.MouseWheel != 0 && !io.KeyShift) {
    const Point under = to_scene(io.MousePos);
    zoom_ = std::clamp(zoom_ * std::pow(1.2f, io.MouseWheel), kLeastZoom, kMostZoom);
    left_ = under.x - (io.MousePos.x - from_.x) / zoom_;
    top_ = under.y - (io.MousePos.y - from_.y) / zoom_;
  } else if (hovered_ && (io.MouseWheel != 0 || io.MouseWheelH != 0)) {
    left_ -= (io.MouseWheel + io.MouseWheelH) * 60 / zoom_;
  }
  if (ImGui::IsItemActive() && !in_minimap_ && ImGui::IsMouseDragging(ImGuiMouseButton_Left, kDrag)) {
    left_ -= io.MouseDelta.x / zoom_;
    top_ -= io.MouseDelta.y / zoom_;
    ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeAll);
  }
  // Some of the drawing stays in view.
  left_ = std::clamp(left_, -(size_.x - 40) / zoom_, scene_->width - 40 / zoom_);
  top_ = std::clamp(top_, -(size_.y - 40) / zoom_, scene_->height - 40 / zoom_);
  under_pointer_ = hovered_ && !in_minimap_ ? scene_->node_at(to_scene(io.MousePos)) : -1;
  const bool on_edge = edges_ && hovered_ && !in_minimap_ && under_pointer_ < 0;
  edge_under_pointer_ = on_edge ? scene_->edge_at(to_scene(io.MousePos), (view.theme.touch ? kFinger : kReach) / zoom_) : -1;
  const bool clicked = ImGui::IsItemDeactivated() && !in_minimap_ && io.MouseDragMaxDistanceSqr[0] < kDrag * kDrag && ImGui::IsMouseReleased(ImGuiMouseButton_Left);
  if (!clicked) return;
  const int node = scene_->node_at(to_scene(io.MousePos));
  select_shown(node);
  if (node >= 0 && selected_group_ >= 0) return toggle(selected_group_);
  if (node >= 0) return;
  if (edge_under_pointer_ >= 0) select_edge(scene_->model_edge(edge_under_pointer_));
  for (size_t i = 0; i < handles_.size() && i < scene_->frames.size(); ++i)
    if (handles_[i].overlaps({io.MousePos.x, io.MousePos.y, io.MousePos.x + 1, io.MousePos.y + 1})) return toggle(scene_->frames[i].group);
}

void GraphCanvas::draw(const View& view, const char* id, const Input& input, ImVec2 size) {
  take_input(view, input);
  take_scene();
  if (stale_ && model_) request_scene(view);
  const ImVec2 space = ImGui::GetContentRegionAvail();
  size = {size.x > 0 ? size.x : std::max(space.x, 60.0f), size.y > 0 ? size.y : std::max(space.y, 120.0f)};
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::BeginChild(id, size, ImGuiChildFlags_Borders | ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  from_ = ImGui::GetCursorScreenPos();
  size_ = ImGui::GetContentRegionAvail();
  list_ = ImGui::GetWindowDrawList();
  ImGui::InvisibleButton("canvas", {std::max(size_.x, 1.0f), std::max(size_.y, 1.0f)}, ImGuiButtonFlags_EnableNav);
  focused_ = ImGui::IsItemFocused();
  hovered_ = ImGui::IsItemHovered();
  mark(view, "graph-canvas", fmt::format("{:.3f}", zoom_));
  motion_ = {};
  if (!scene_) {
    ImGui::SetCursorScreenPos({from_.x + 14, from_.y + 12});
    faint_text(view, view.tr(model_ ? Str::GraphLayingOut : Str::ModelEmpty));
  } else {
    apply_fit();
    edges_ = input.edges;
    const float left = left_, top = top_, zoom = zoom_;
    handle_pointer(view);
    if (focused_) handle_keys(view);
    motion_ = {zoom_ / zoom, (left - left_) * zoom_, (top - top_) * zoom_, fit_};
    colour(view, input);
    draw_scene(view, input);
    if (input.minimap) draw_minimap(view);
    if (under_pointer_ >= 0 && !ImGui::IsMouseDown(ImGuiMouseButton_Left)) show_tooltip(view, under_pointer_);
  }
  if (stale_ && model_) request_scene(view);
  ImGui::EndChild();
}

void GraphCanvas::request_png(const View& view, const Input& input, float scale) {
  if (!scene_) return;
  constexpr float kMostSide = 16000, kMostPixels = 12e6f;
  const float width = scene_->width + 2 * kMargin, height = scene_->height + 2 * kMargin;
  scale = std::min({scale, kMostSide / std::max(width, height), std::sqrt(kMostPixels / (width * height))});
  ImDrawList list(ImGui::GetDrawListSharedData());
  list._ResetForNewFrame();
  list.PushTexture(ImGui::GetIO().Fonts->TexRef);
  const auto camera = std::tuple(from_, size_, left_, top_, zoom_, list_, selected_, selected_group_, under_pointer_);
  from_ = {0, 0}, size_ = {std::ceil(width * scale), std::ceil(height * scale)}, left_ = top_ = -kMargin, zoom_ = scale;
  list_ = &list, selected_ = selected_group_ = under_pointer_ = -1;
  list.PushClipRect(from_, size_);
  draw_scene(view, input);
  auto pixels = std::make_shared<Picture32>(static_cast<int>(size_.x), static_cast<int>(size_.y), ui::colour(view.theme.background));
  std::tie(from_, size_, left_, top_, zoom_, list_, selected_, selected_group_, under_pointer_) = camera;
  auto drawing = std::make_shared<const CopiedDrawing>(copy_drawing(list));
  worker_.post(inbox_.get(), [inbox = inbox_, pixels, drawing, wake = view.wake](const std::atomic<bool>& cancelled) {
    if (!rasterise(*drawing, *pixels, cancelled)) return;
    auto png = encode_png(*pixels);
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->png = std::move(png);
    }
    if (wake) wake();
  });
}

std::optional<std::vector<std::byte>> GraphCanvas::take_png() {
  const std::lock_guard lock(inbox_->mutex);
  return std::exchange(inbox_->png, std::nullopt);
}

void GraphCanvas::show_tooltip(const View& view, int node) {
  if (view.theme.touch || zoom_ > 0.8f) return;  // what can be read need not be said
  tooltip(node_line(*scene_, node, language_));
}

}  // namespace npu::ui
