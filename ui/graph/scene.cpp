// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/scene.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "ui/strings.h"

namespace npu::ui {
namespace {

constexpr float kPadX = 11, kPadY = 6, kRowGap = 2, kColumnGap = 8;
constexpr float kLeastWidth = 70, kMostWidth = 250;
constexpr float kFrameMargin = 12;
constexpr float kBand = 512;       // height of a band for visible()
constexpr size_t kMostRows = 3;    // constants shown in a node
constexpr const char* kEllipsis = "\xe2\x80\xa6";

size_t character_bytes(char first) {
  const auto c = static_cast<unsigned char>(first);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

// Long names say most at their end.
std::string cut_front(const FontMetrics& font, const std::string& text, float size, float room) {
  if (font.width(text, size) <= room) return text;
  size_t at = 0;
  const float dots = font.width(kEllipsis, size);
  while (at < text.size() && font.width(std::string_view(text).substr(at), size) + dots > room) at += character_bytes(text[at]);
  return at >= text.size() ? std::string(kEllipsis) : kEllipsis + text.substr(at);
}

std::string cut_back(const FontMetrics& font, const std::string& text, float size, float room) {
  if (font.width(text, size) <= room) return text;
  const float dots = font.width(kEllipsis, size);
  size_t end = 0;
  for (size_t next = 0; next < text.size(); end = next) {
    next = std::min(text.size(), next + character_bytes(text[next]));
    if (font.width(std::string_view(text).substr(0, next), size) + dots > room) break;
  }
  return text.substr(0, end) + kEllipsis;
}

std::string last_part(const std::string& name) {
  const size_t at = name.find_last_of("./:");
  return at == std::string::npos || at + 1 == name.size() ? name : name.substr(at + 1);
}

std::string constant_text(const GraphValue& value) {
  if (value.constant && value.constant->elements() == 1 && value.constant->dtype() != DType::String) {
    const std::vector<double> one = value.constant->to_doubles();
    if (!one.empty()) return fmt::format("= {:.6g}", one[0]);
  }
  return shape_text(value.type);
}

class Maker {
 public:
  explicit Maker(const SceneRequest& request) : request_(request), made_(std::make_shared<Scene>()) {
    made_->model = request.model;
    made_->tree = request.tree ? request.tree : std::make_shared<const FoldTree>();
    made_->style = request.style;
    made_->open = request.open;
    made_->open.resize(made_->tree->groups.size(), 0);
  }

  ScenePtr make(const std::atomic<bool>* cancelled) {
    choose_nodes();
    connect();
    LayoutGraph graph;
    for (SceneNode& node : made_->nodes) graph.nodes.push_back(write(node));
    for (const SceneEdge& edge : made_->edges) graph.edges.push_back({edge.from, edge.to, edge.value});
    LayoutOptions options;
    options.threads = request_.threads;
    auto layout = layered_layout(graph, options, cancelled);
    if (!layout) return nullptr;
    place(std::move(*layout));
    return made_;
  }

 private:
  const GraphModel& model() const { return *request_.model; }
  const FoldGroup& group(int g) const { return made_->tree->groups[static_cast<size_t>(g)]; }

  void choose_nodes() {
    const auto& groups = made_->tree->groups;
    std::vector<int> folded_into(groups.size(), -1);  // the outermost closed group around it, itself included
    for (size_t g = 0; g < groups.size(); ++g) {
      const int parent = groups[g].parent;
      const int outer = parent < 0 ? -1 : folded_into[static_cast<size_t>(parent)];
      folded_into[g] = outer >= 0 ? outer : made_->open[g] ? -1 : static_cast<int>(g);
    }
    std::vector<int> scene_of_group(groups.size(), -1);
    for (size_t n = 0; n < model().nodes.size(); ++n) {
      const int inner = n < made_->tree->innermost.size() ? made_->tree->innermost[n] : -1;
      const int g = inner < 0 ? -1 : folded_into[static_cast<size_t>(inner)];
      if (g >= 0 && scene_of_group[static_cast<size_t>(g)] >= 0) {
        made_->shown_as.push_back(scene_of_group[static_cast<size_t>(g)]);
        continue;
      }
      const int index = static_cast<int>(made_->nodes.size());
      if (g >= 0) scene_of_group[static_cast<size_t>(g)] = index;
      made_->shown_as.push_back(index);
      made_->nodes.push_back({.box = {}, .node = g >= 0 ? -1 : static_cast<int>(n), .group = g});
    }
  }

  void connect() {
    std::map<std::tuple<int, int, int>, bool> seen;
    for (const GraphEdge& edge : model().edges) {
      const int from = made_->shown_as[static_cast<size_t>(edge.from)], to = made_->shown_as[static_cast<size_t>(edge.to)];
      if (from == to || !seen.try_emplace({from, to, edge.value}, true).second) continue;
      made_->edges.push_back({from, to, edge.value, {}, shape_text(model().values[static_cast<size_t>(edge.value)].type)});
    }
  }

  // The texts, cut to the most a box may be wide; returns its size.
  Size write(SceneNode& to) const {
    const SceneStyle& style = request_.style;
    std::string detail;
    if (to.group >= 0) {
      to.title = group_title(group(to.group), request_.language);
      detail = format(request_.language, Str::GraphGroupNodes, group(to.group).nodes());
      if (!group(to.group).name.empty()) detail = group(to.group).name + " \xc2\xb7 " + detail;
    } else {
      const GraphNode& node = model().nodes[static_cast<size_t>(to.node)];
      if (node.hidden > 0) {
        to.title = format(request_.language, Str::GraphHidden, node.hidden);
      } else if (node.kind == GraphNode::Kind::Operator) {
        to.title = node.op;
        detail = node.detail.empty() ? last_part(node.name) : node.detail;
        add_constants(node, to);
      } else {
        to.title = node.name;
        const int value = node.kind == GraphNode::Kind::Input ? node.outputs[0] : node.inputs[0];
        if (value >= 0) detail = to_string(model().values[static_cast<size_t>(value)].type.dtype);
      }
    }
    const float room = kMostWidth - 2 * kPadX;
    to.title = cut_back(style.strong, to.title, style.title, room);
    to.detail = cut_front(style.body, detail, style.text, room);
    float width = std::max(style.strong.width(to.title, style.title), style.body.width(to.detail, style.text));
    for (const SceneRow& row : to.rows)
      width = std::max(width, style.body.width(row.name, style.text) + kColumnGap + style.body.width(row.value, style.text));
    const float lines = style.title + (to.detail.empty() ? 0 : style.text + kRowGap) + static_cast<float>(to.rows.size()) * (style.text + kRowGap);
    return {std::max(kLeastWidth, width + 2 * kPadX), lines + 2 * kPadY + 4};
  }

  void add_constants(const GraphNode& node, SceneNode& to) const {
    const SceneStyle& style = request_.style;
    for (const int v : node.inputs) {
      if (v < 0 || !model().values[static_cast<size_t>(v)].is_constant() || to.rows.size() == kMostRows) continue;
      const GraphValue& value = model().values[static_cast<size_t>(v)];
      const float room = kMostWidth - 2 * kPadX - kColumnGap;
      std::string text = cut_back(style.body, constant_text(value), style.text, room * 0.7f);
      std::string name = cut_front(style.body, last_part(value.name), style.text, room - style.body.width(text, style.text));
      to.rows.push_back({std::move(name), std::move(text), v});
    }
  }

  void place(GraphLayout layout) {
    for (size_t n = 0; n < made_->nodes.size(); ++n) made_->nodes[n].box = layout.nodes[n];
    for (size_t e = 0; e < made_->edges.size(); ++e) made_->edges[e].points = std::move(layout.routes[e]);
    made_->width = layout.width;
    made_->height = layout.height;
    list_edges();
    add_frames();
    fill_bands();
  }

  void list_edges() {
    made_->out.resize(made_->nodes.size());
    made_->in.resize(made_->nodes.size());
    for (size_t e = 0; e < made_->edges.size(); ++e) {
      made_->out[static_cast<size_t>(made_->edges[e].from)].push_back(static_cast<int>(e));
      made_->in[static_cast<size_t>(made_->edges[e].to)].push_back(static_cast<int>(e));
    }
    const auto& edges = made_->edges;
    const auto x_of = [&](int node) { return made_->nodes[static_cast<size_t>(node)].box.x0; };
    for (auto& list : made_->out) std::ranges::stable_sort(list, {}, [&](int e) { return x_of(edges[static_cast<size_t>(e)].to); });
    for (auto& list : made_->in) std::ranges::stable_sort(list, {}, [&](int e) { return x_of(edges[static_cast<size_t>(e)].from); });
  }

  void add_frames() {
    const auto& groups = made_->tree->groups;
    std::vector<int> depth_below(groups.size(), 0);
    for (size_t g = groups.size(); g-- > 0;)
      if (made_->open[g] && groups[g].parent >= 0)
        depth_below[static_cast<size_t>(groups[g].parent)] = std::max(depth_below[static_cast<size_t>(groups[g].parent)], depth_below[g] + 1);
    for (size_t g = 0; g < groups.size(); ++g) {
      if (!made_->open[g] || !is_reachable(static_cast<int>(g))) continue;
      Box box{made_->width, made_->height, 0, 0};
      for (int n = groups[g].first; n < groups[g].last; ++n) {
        const Box& inner = made_->nodes[static_cast<size_t>(made_->shown_as[static_cast<size_t>(n)])].box;
        box = {std::min(box.x0, inner.x0), std::min(box.y0, inner.y0), std::max(box.x1, inner.x1), std::max(box.y1, inner.y1)};
      }
      const float margin = kFrameMargin + 8 * static_cast<float>(depth_below[g]);
      made_->frames.push_back({{box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin}, static_cast<int>(g), group_title(groups[g], request_.language)});
    }
  }

  bool is_reachable(int g) const {
    for (int outer = group(g).parent; outer >= 0; outer = group(outer).parent)
      if (!made_->open[static_cast<size_t>(outer)]) return false;
    return true;
  }

  void fill_bands() {
    const auto bands = static_cast<size_t>(made_->height / kBand) + 1;
    made_->node_bands.resize(bands);
    made_->edge_bands.resize(bands);
    const auto add = [&](std::vector<std::vector<int>>& to, float y0, float y1, size_t index) {
      const auto last = std::min(bands - 1, static_cast<size_t>(std::max(0.0f, y1) / kBand));
      for (auto b = static_cast<size_t>(std::max(0.0f, y0) / kBand); b <= last; ++b) to[b].push_back(static_cast<int>(index));
    };
    for (size_t n = 0; n < made_->nodes.size(); ++n) add(made_->node_bands, made_->nodes[n].box.y0, made_->nodes[n].box.y1, n);
    for (size_t e = 0; e < made_->edges.size(); ++e) add(made_->edge_bands, made_->edges[e].points.front().y, made_->edges[e].points.back().y, e);
  }

  const SceneRequest& request_;
  std::shared_ptr<Scene> made_;
};

float distance_to_segment(Point p, Point a, Point b) {
  const float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const float t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0f, 1.0f) : 0.0f;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// To a piece of a route: a Bezier curve with vertical ends, see GraphLayout::routes.
float distance_to_curve(Point p, Point a, Point b) {
  constexpr int kSteps = 16;
  if (a.x == b.x) return distance_to_segment(p, a, b);
  const float middle = (a.y + b.y) / 2;
  Point last = a;
  float nearest = FLT_MAX;
  for (int i = 1; i <= kSteps; ++i) {
    const float t = static_cast<float>(i) / kSteps, u = 1 - t;
    const float w0 = u * u * u, w1 = 3 * u * u * t, w2 = 3 * u * t * t, w3 = t * t * t;
    const Point next{(w0 + w1) * a.x + (w2 + w3) * b.x, w0 * a.y + (w1 + w2) * middle + w3 * b.y};
    nearest = std::min(nearest, distance_to_segment(p, last, next));
    last = next;
  }
  return nearest;
}

// Numbers in the bands that `part` touches, each once, in order.
void collect(const std::vector<std::vector<int>>& bands, float y0, float y1, std::vector<int>& found) {
  found.clear();
  if (bands.empty() || y1 < 0) return;
  const auto first = static_cast<size_t>(std::max(0.0f, y0) / kBand);
  const auto last = std::min(bands.size() - 1, static_cast<size_t>(y1 / kBand));
  for (size_t b = first; b <= last; ++b) found.insert(found.end(), bands[b].begin(), bands[b].end());
  if (last <= first) return;
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
}

}  // namespace

FontMetrics FontMetrics::plain() {
  FontMetrics font;
  for (size_t i = 0; i < font.ascii.size(); ++i) {
    const char c = static_cast<char>(' ' + i);
    const bool narrow = std::string_view(" !'(),./:;I[\\]`fijlrt{|}").find(c) != std::string_view::npos;
    const bool broad = std::string_view("%&@MWmw").find(c) != std::string_view::npos;
    const bool upper = c >= 'A' && c <= 'Z';
    font.ascii[i] = narrow ? 0.36f : broad ? 0.92f : upper ? 0.7f : 0.59f;
  }
  return font;
}

float FontMetrics::width(std::string_view utf8, float size) const {
  float sum = 0;
  for (size_t i = 0; i < utf8.size(); i += character_bytes(utf8[i])) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    // Signs of two bytes (a multiplication sign, accents) are as wide as letters.
    sum += c >= ' ' && c < ' ' + ascii.size() ? ascii[c - ' '] : c < 0xE0 ? ascii['o' - ' '] : other;
  }
  return sum * size;
}

void Scene::visible(const Box& part, Visible& found) const {
  collect(node_bands, part.y0, part.y1, found.nodes);
  std::erase_if(found.nodes, [&](int n) { return !nodes[static_cast<size_t>(n)].box.overlaps(part); });
  collect(edge_bands, part.y0, part.y1, found.edges);
  std::erase_if(found.edges, [&](int e) {
    const auto& points = edges[static_cast<size_t>(e)].points;
    if (points.front().y > part.y1 || points.back().y < part.y0) return true;
    const auto [left, right] = std::ranges::minmax_element(points, {}, &Point::x);
    return left->x > part.x1 || right->x < part.x0;
  });
}

int Scene::node_at(Point p) const {
  Visible found;
  visible({p.x, p.y, p.x + 0.01f, p.y + 0.01f}, found);
  return found.nodes.empty() ? -1 : found.nodes.front();
}

int Scene::edge_at(Point p, float reach) const {
  Visible found;
  visible({p.x - reach, p.y - reach, p.x + reach, p.y + reach}, found);
  int best = -1;
  float nearest = reach;
  for (const int e : found.edges) {
    const auto& points = edges[static_cast<size_t>(e)].points;
    for (size_t i = 1; i < points.size(); ++i) {
      const float away = distance_to_curve(p, points[i - 1], points[i]);
      if (away <= nearest) nearest = away, best = e;
    }
  }
  return best;
}

int Scene::model_edge(int edge) const {
  const SceneEdge& shown = edges[static_cast<size_t>(edge)];
  const auto found = std::ranges::find_if(model->edges, [&](const GraphEdge& e) { return e.value == shown.value && shown_as[static_cast<size_t>(e.to)] == shown.to; });
  return found == model->edges.end() ? -1 : static_cast<int>(found - model->edges.begin());
}

ScenePtr make_scene(const SceneRequest& request, const std::atomic<bool>* cancelled) { return Maker(request).make(cancelled); }

std::string group_title(const FoldGroup& group, Language language) {
  static constexpr Str kKinds[] = {Str::GraphTransformerLayer, Str::GraphResidualBlock, Str::GraphConvBlock, Str::GraphBlock};
  const char* kind = tr(language, kKinds[static_cast<size_t>(group.kind)]);
  return group.row ? format(language, Str::GraphRow, group.count, kind) : format(language, Str::GraphOneBlock, kind, group.index + 1);
}

}  // namespace npu::ui
