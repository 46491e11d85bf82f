// SPDX-License-Identifier: Apache-2.0
// How a graph canvas looks: the nearer, the more is drawn.
#include <algorithm>
#include <cmath>

#include "ui/panels/graph_canvas.h"

namespace npu::ui {
namespace {

constexpr float kTitleZoom = 0.32f;    // smaller: no texts
constexpr float kTextZoom = 0.55f;     // smaller: titles only
constexpr float kLabelZoom = 0.7f;     // smaller: no shapes at edges
constexpr float kShapeZoom = 0.22f;    // smaller: plain rectangles, straight edges
constexpr float kArrowZoom = 0.4f;
constexpr float kPadX = 11, kPadY = 6, kLineGap = 2, kRound = 6;
constexpr float kMiniWidth = 150, kMiniHeight = 190, kMiniLeast = 44;
constexpr int kMiniColumns = 60, kMiniRows = 160;

ImU32 from_rgb(uint32_t rgb, int alpha = 255) { return IM_COL32(rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255, alpha); }
ImVec4 vec(uint32_t rgb) { return {static_cast<float>(rgb >> 16 & 255) / 255, static_cast<float>(rgb >> 8 & 255) / 255, static_cast<float>(rgb & 255) / 255, 1}; }

// Sizes of fonts come in steps, or every step of the wheel would make new glyphs.
float text_size(float wanted) {
  const float step = wanted < 16 ? 1.0f : 2.0f;
  return std::floor(wanted / step) * step;
}

void add_text(ImDrawList& list, ImFont* font, float size, ImVec2 at, ImU32 colour, const std::string& text) {
  list.AddText(font, size, {std::round(at.x), std::round(at.y)}, colour, text.data(), text.data() + text.size());
}

float text_width(ImFont* font, float size, const std::string& text) { return font->CalcTextSizeA(size, FLT_MAX, 0, text.data(), text.data() + text.size()).x; }

}  // namespace

void GraphCanvas::draw_scene(const View& view, const Input& input) {
  auto& list = *list_;
  list.PushClipRect(from_, {from_.x + size_.x, from_.y + size_.y}, true);
  const Point low = to_scene(from_), high = to_scene({from_.x + size_.x, from_.y + size_.y});
  scene_->visible({low.x, low.y, high.x, high.y}, visible_);
  draw_frames(view);
  const int chosen = current();
  const ImU32 plain = ui::colour(view.theme.faint, zoom_ < kShapeZoom ? 0.45f : 0.7f), lit = ui::colour(view.theme.accent);
  for (const int e : visible_.edges) {
    const SceneEdge& edge = scene_->edges[static_cast<size_t>(e)];
    if (edge.from != chosen && edge.to != chosen) draw_edge(view, edge, plain, 1.2f);
  }
  for (const int e : visible_.edges) {
    const SceneEdge& edge = scene_->edges[static_cast<size_t>(e)];
    const bool pointed = e == edge_under_pointer_ || (selected_edge_ >= 0 && scene_->model_edge(e) == selected_edge_);
    if (pointed || (chosen >= 0 && (edge.from == chosen || edge.to == chosen))) draw_edge(view, edge, lit, pointed ? 3.2f : 2.2f);
  }
  for (const int n : visible_.nodes) draw_node(view, input, n);
  if (zoom_ >= kLabelZoom)
    for (const int e : visible_.edges) draw_edge_label(view, scene_->edges[static_cast<size_t>(e)]);
  if (focused_ && ImGui::GetIO().NavVisible) list.AddRect({from_.x + 1, from_.y + 1}, {from_.x + size_.x - 1, from_.y + size_.y - 1}, lit, 8, 0, 2);
  list.PopClipRect();
}

void GraphCanvas::draw_frames(const View& view) {
  auto& list = *list_;
  handles_.clear();
  for (const SceneFrame& frame : scene_->frames) {
    const Box box = to_screen(frame.box);
    list.AddRectFilled({box.x0, box.y0}, {box.x1, box.y1}, ui::colour(view.theme.accent, 0.05f), 10);
    list.AddRect({box.x0, box.y0}, {box.x1, box.y1}, ui::colour(view.theme.accent, 0.4f), 10);
    handles_.push_back({});
    if (zoom_ < kTitleZoom) continue;
    const std::string title = "\xe2\x88\x92 " + frame.title;
    const float size = view.theme.small_size - 1;
    const float width = text_width(view.theme.body, size, title) + 12, half = size * 0.7f;
    Box handle{box.x0 + 10, box.y0 - half, box.x0 + 10 + width, box.y0 + half};
    for (const Box& other : handles_)  // frames inside each other begin at almost the same place
      if (handle.overlaps(other)) handle.x0 = other.x1 + 5, handle.x1 = handle.x0 + width;
    handles_.back() = handle;
    list.AddRectFilled({handle.x0, handle.y0}, {handle.x1, handle.y1}, ui::colour(view.theme.raised), half);
    list.AddRect({handle.x0, handle.y0}, {handle.x1, handle.y1}, ui::colour(view.theme.accent, 0.5f), half);
    add_text(list, view.theme.body, size, {handle.x0 + 6, handle.y0 + half - size * 0.6f}, ui::colour(view.theme.text), title);
  }
}

void GraphCanvas::draw_edge(const View&, const SceneEdge& edge, ImU32 colour, float width) {
  auto& list = *list_;
  const float thick = std::clamp(width * zoom_, 1.0f, 3.5f);
  if ((edge.points.back().y - edge.points.front().y) * zoom_ < 1.5f && zoom_ < kShapeZoom) return;
  ImVec2 a = to_screen(edge.points.front());
  list.PathLineTo(a);
  for (size_t i = 1; i < edge.points.size(); ++i) {
    const ImVec2 b = to_screen(edge.points[i]);
    const float step = std::abs(b.x - a.x);
    if (step < 2 || zoom_ < kShapeZoom) {
      list.PathLineTo(b);
    } else {
      const float middle = (a.y + b.y) / 2;
      list.PathBezierCubicCurveTo({a.x, middle}, {b.x, middle}, b, std::clamp(static_cast<int>((step + b.y - a.y) / 9), 5, 20));
    }
    a = b;
  }
  list.PathStroke(colour, 0, thick);
  if (zoom_ < kArrowZoom) return;
  const float wing = 3.6f * std::min(zoom_, 1.3f), length = 7 * std::min(zoom_, 1.3f);
  list.AddTriangleFilled({a.x, a.y}, {a.x - wing, a.y - length}, {a.x + wing, a.y - length}, colour);
}

void GraphCanvas::draw_edge_label(const View& view, const SceneEdge& edge) {
  if (edge.label.empty()) return;
  // Once for each value: at its first edge.
  const auto& siblings = scene_->out[static_cast<size_t>(edge.from)];
  const auto first = std::ranges::find_if(siblings, [&](int e) { return scene_->edges[static_cast<size_t>(e)].value == edge.value; });
  if (&scene_->edges[static_cast<size_t>(*first)] != &edge) return;
  auto& list = *list_;
  const float size = text_size(std::min(11 * zoom_, 14.0f));
  if (size < 8) return;
  const ImVec2 at = to_screen(Point{edge.points.front().x, edge.points.front().y});
  const float width = text_width(view.theme.mono, size, edge.label);
  const ImVec2 corner(at.x + 6, at.y + 4 * zoom_);
  list.AddRectFilled({corner.x - 2, corner.y - 1}, {corner.x + width + 2, corner.y + size + 2}, ui::colour(view.theme.background, 0.8f), 3);
  add_text(list, view.theme.mono, size, corner, ui::colour(view.theme.faint), edge.label);
}

ImU32 GraphCanvas::mark_colour(const View& view, const Input& input, const SceneNode& node) const {
  if (!input.marks || input.marks->size() != model_->nodes.size()) return 0;
  GraphMark mark = GraphMark::None;
  if (node.node >= 0) {
    mark = (*input.marks)[static_cast<size_t>(node.node)];
  } else {
    const FoldGroup& group = scene_->tree->groups[static_cast<size_t>(node.group)];
    for (int n = group.first; n < group.last && mark == GraphMark::None; ++n)
      if ((*input.marks)[static_cast<size_t>(n)] != GraphMark::None) mark = GraphMark::Changed;
  }
  switch (mark) {
    case GraphMark::Added: return ui::colour(view.theme.good);
    case GraphMark::Removed: return ui::colour(view.theme.bad);
    case GraphMark::Changed: return ui::colour(view.theme.warn);
    case GraphMark::None: break;
  }
  return 0;
}

void GraphCanvas::draw_node(const View& view, const Input& input, int index) {
  auto& list = *list_;
  const SceneNode& node = scene_->nodes[static_cast<size_t>(index)];
  const Box box = to_screen(node.box);
  const uint32_t rgb = colouring_.of_node[static_cast<size_t>(index)];
  const ImU32 mark = mark_colour(view, input, node);
  const bool chosen = index == current();
  const bool lit = input.lit && std::ranges::any_of(*input.lit, [&](int n) { return scene_->shown_as[static_cast<size_t>(n)] == index; });
  const ImVec2 a(box.x0, box.y0), b(box.x1, box.y1);
  if (lit) list.AddRectFilled({a.x - 5, a.y - 5}, {b.x + 5, b.y + 5}, ui::colour(view.theme.accent, 0.35f), kRound + 4);
  if (zoom_ < kShapeZoom) {
    list.AddRectFilled(a, {std::max(b.x, a.x + 1), std::max(b.y, a.y + 1)}, chosen ? ui::colour(view.theme.accent) : mark ? mark : from_rgb(rgb));
    return;
  }
  const float round = kRound * std::min(zoom_, 1.4f);
  if (node.group >= 0 && scene_->tree->groups[static_cast<size_t>(node.group)].row)
    for (const float i : {2.0f, 1.0f}) {
      const float shift = 4 * i * zoom_;
      list.AddRectFilled({a.x + shift, a.y + shift}, {b.x + shift, b.y + shift}, ui::colour(view.theme.raised), round);
      list.AddRect({a.x + shift, a.y + shift}, {b.x + shift, b.y + shift}, ui::colour(view.theme.border), round);
    }
  const float head = std::min((style_.title + 2 * kPadY) * zoom_, box.height());
  list.AddRectFilled(a, b, ui::colour(view.theme.surface), round);
  const bool only_head = box.height() - head < 2;
  list.AddRectFilled(a, {b.x, a.y + head}, from_rgb(rgb), round, only_head ? ImDrawFlags_RoundCornersAll : ImDrawFlags_RoundCornersTop);
  const ImU32 border = chosen || lit ? ui::colour(view.theme.accent) : mark ? mark : index == under_pointer_ ? ui::colour(view.theme.text) : ui::colour(view.theme.border);
  list.AddRect(a, b, border, round, 0, chosen || lit || mark ? 2.5f : 1.0f);
  if (zoom_ >= kTitleZoom) draw_node_texts(view, node, box, text_on(vec(rgb)));
}

void GraphCanvas::draw_node_texts(const View& view, const SceneNode& node, const Box& box, ImU32 head_text) {
  auto& list = *list_;
  const float title = text_size(style_.title * zoom_), size = text_size(style_.text * zoom_);
  if (title < 6) return;
  const float left = box.x0 + kPadX * zoom_;
  add_text(list, view.theme.strong, title, {left, box.y0 + (kPadY + style_.title / 2) * zoom_ - title * 0.62f}, head_text, node.title);
  if (zoom_ < kTextZoom || size < 7) return;
  float y = box.y0 + (style_.title + 2 * kPadY) * zoom_;
  const float step = (style_.text + kLineGap) * zoom_;
  if (!node.detail.empty()) {
    add_text(list, view.theme.body, size, {left, y}, ui::colour(view.theme.text), node.detail);
    y += step;
  }
  for (const SceneRow& row : node.rows) {
    add_text(list, view.theme.body, size, {left, y}, ui::colour(view.theme.faint), row.name);
    add_text(list, view.theme.body, size, {box.x1 - kPadX * zoom_ - text_width(view.theme.body, size, row.value), y}, ui::colour(view.theme.faint), row.value);
    y += step;
  }
}

void GraphCanvas::draw_minimap(const View& view) {
  const bool whole = scene_->width * zoom_ <= size_.x && scene_->height * zoom_ <= size_.y;
  in_minimap_ = in_minimap_ && ImGui::IsMouseDown(ImGuiMouseButton_Left);
  if (whole || size_.x < 380 || size_.y < 260) return;
  if (minimap_of_ != scene_) {
    minimap_of_ = scene_;
    std::vector<char> filled(static_cast<size_t>(kMiniColumns) * kMiniRows, 0);
    for (const SceneNode& node : scene_->nodes) {
      const auto cell = [](float v, float all, int cells) { return std::clamp(static_cast<int>(v / std::max(all, 1.0f) * static_cast<float>(cells)), 0, cells - 1); };
      for (int y = cell(node.box.y0, scene_->height, kMiniRows); y <= cell(node.box.y1, scene_->height, kMiniRows); ++y)
        for (int x = cell(node.box.x0, scene_->width, kMiniColumns); x <= cell(node.box.x1, scene_->width, kMiniColumns); ++x)
          filled[static_cast<size_t>(y) * kMiniColumns + static_cast<size_t>(x)] = 1;
    }
    minimap_.clear();
    for (int y = 0; y < kMiniRows; ++y)
      for (int x = 0; x < kMiniColumns; ++x) {
        const int begin = x;
        while (x < kMiniColumns && filled[static_cast<size_t>(y) * kMiniColumns + static_cast<size_t>(x)]) ++x;
        if (x > begin) minimap_.push_back({static_cast<float>(begin) / kMiniColumns, static_cast<float>(y) / kMiniRows, static_cast<float>(x) / kMiniColumns, static_cast<float>(y + 1) / kMiniRows});
      }
  }
  const float scale = std::min(kMiniWidth / scene_->width, kMiniHeight / scene_->height);
  const ImVec2 mini(std::max(kMiniLeast, scene_->width * scale), std::max(kMiniLeast, scene_->height * scale));
  const ImVec2 at(from_.x + size_.x - mini.x - 14, from_.y + size_.y - mini.y - 14);
  auto& list = *list_;
  list.AddRectFilled({at.x - 4, at.y - 4}, {at.x + mini.x + 4, at.y + mini.y + 4}, ui::colour(view.theme.surface, 0.92f), 6);
  list.AddRect({at.x - 4, at.y - 4}, {at.x + mini.x + 4, at.y + mini.y + 4}, ui::colour(view.theme.border), 6);
  for (const Box& cell : minimap_)
    list.AddRectFilled({at.x + cell.x0 * mini.x, at.y + cell.y0 * mini.y}, {at.x + cell.x1 * mini.x, at.y + cell.y1 * mini.y}, ui::colour(view.theme.faint, 0.55f));
  const auto place = [&](Point p) {
    return ImVec2(at.x + std::clamp(p.x / scene_->width, 0.0f, 1.0f) * mini.x, at.y + std::clamp(p.y / scene_->height, 0.0f, 1.0f) * mini.y);
  };
  const ImVec2 low = place(to_scene(from_)), high = place(to_scene({from_.x + size_.x, from_.y + size_.y}));
  list.AddRectFilled(low, {high.x, std::max(high.y, low.y + 2)}, ui::colour(view.theme.accent, 0.15f));
  list.AddRect(low, {high.x, std::max(high.y, low.y + 2)}, ui::colour(view.theme.accent), 2);
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const bool over = mouse.x >= at.x - 4 && mouse.x <= at.x + mini.x + 4 && mouse.y >= at.y - 4 && mouse.y <= at.y + mini.y + 4;
  if (over && hovered_ && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) in_minimap_ = true;
  if (!in_minimap_) return;
  left_ = std::clamp((mouse.x - at.x) / mini.x, 0.0f, 1.0f) * scene_->width - size_.x / 2 / zoom_;
  top_ = std::clamp((mouse.y - at.y) / mini.y, 0.0f, 1.0f) * scene_->height - size_.y / 2 / zoom_;
}

}  // namespace npu::ui
