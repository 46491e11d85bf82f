// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/svg.h"

#include <iterator>

#include <fmt/format.h>

#include "ui/escape_markup.h"

namespace npu::ui {
namespace {

constexpr float kMargin = 24, kRound = 6, kPadX = 11, kPadY = 6, kLineGap = 2;

std::string colour(uint32_t rgb) { return fmt::format("#{:06x}", rgb & 0xFFFFFF); }
uint32_t text_on(uint32_t rgb) { return (299 * (rgb >> 16 & 255) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255)) / 1000 > 140 ? 0x10141A : 0xFFFFFF; }

class Writer {
 public:
  Writer(const Scene& scene, const Colouring& colouring, const SvgTheme& theme) : scene_(scene), colouring_(colouring), theme_(theme) {}

  std::string write() {
    const float width = scene_.width + 2 * kMargin, height = scene_.height + 2 * kMargin;
    put("<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{0:.1f}\" height=\"{1:.1f}\" viewBox=\"{2} {2} {0:.1f} {1:.1f}\" "
        "font-family=\"Noto Sans, Segoe UI, PingFang SC, Microsoft YaHei, sans-serif\">\n",
        width, height, -kMargin);
    put("<title>{}</title>\n", escape_markup(scene_.model->name));
    put("<rect x=\"{0}\" y=\"{0}\" width=\"{1:.1f}\" height=\"{2:.1f}\" fill=\"{3}\"/>\n", -kMargin, width, height, colour(theme_.background));
    for (const SceneFrame& frame : scene_.frames) draw(frame);
    put("<g fill=\"none\" stroke=\"{}\" stroke-width=\"1.2\">\n", colour(theme_.edge));
    for (const SceneEdge& edge : scene_.edges) draw(edge);
    put("</g>\n");
    for (const SceneEdge& edge : scene_.edges) draw_label(edge);
    for (size_t n = 0; n < scene_.nodes.size(); ++n) draw(scene_.nodes[n], colouring_.of_node[n]);
    put("</svg>\n");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> pattern, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), pattern, std::forward<Args>(args)...);
  }

  void text(float x, float y, float size, uint32_t rgb, std::string_view words, const char* more = "") {
    if (!words.empty()) put("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", x, y, size, colour(rgb), more, escape_markup(words));
  }

  void draw(const SceneFrame& frame) {
    put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"10\" fill=\"{}\" fill-opacity=\"0.06\" stroke=\"{}\" stroke-dasharray=\"5 4\"/>\n", frame.box.x0,
        frame.box.y0, frame.box.width(), frame.box.height(), colour(theme_.text), colour(theme_.border));
    text(frame.box.x0 + 8, frame.box.y0 - 4, scene_.style.text, theme_.faint, frame.title);
  }

  void draw(const SceneEdge& edge) {
    const Point& first = edge.points.front();
    std::string path = fmt::format("M{:.1f} {:.1f}", first.x, first.y);
    for (size_t i = 1; i < edge.points.size(); ++i) {
      const Point a = edge.points[i - 1], b = edge.points[i];
      const float middle = (a.y + b.y) / 2;
      path += a.x == b.x ? fmt::format("V{:.1f}", b.y) : fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", a.x, middle, b.x, middle, b.x, b.y);
    }
    put("<path d=\"{}\"/>\n", path);
    const Point tip = edge.points.back();
    put("<path d=\"M{0:.1f} {1:.1f}l-3.5 -7h7z\" fill=\"{2}\" stroke=\"none\"/>\n", tip.x, tip.y, colour(theme_.edge));
  }

  void draw_label(const SceneEdge& edge) {
    const Point& from = edge.points.front();
    text(from.x + 5, from.y + scene_.style.text + 3, scene_.style.text - 2, theme_.faint, edge.label);
  }

  void draw(const SceneNode& node, uint32_t rgb) {
    const Box& box = node.box;
    const SceneStyle& style = scene_.style;
    const bool row = node.group >= 0 && scene_.tree->groups[static_cast<size_t>(node.group)].row;
    if (row)
      for (const int i : {2, 1}) rect({box.x0 + 4.0f * static_cast<float>(i), box.y0 + 4.0f * static_cast<float>(i), box.x1 + 4.0f * static_cast<float>(i), box.y1 + 4.0f * static_cast<float>(i)}, theme_.node, theme_.border);
    rect(box, theme_.node, theme_.border);
    const float head = style.title + 2 * kPadY;
    put("<path d=\"M{0:.1f} {1:.1f}v{2:.1f}a{3} {3} 0 0 1 {3} -{3}h{4:.1f}a{3} {3} 0 0 1 {3} {3}v{5:.1f}z\" fill=\"{6}\"/>\n", box.x0, box.y0 + head, -(head - kRound), kRound,
        box.width() - 2 * kRound, head - kRound, colour(rgb));
    float y = box.y0 + kPadY + style.title * 0.85f;
    text(box.x0 + kPadX, y, style.title, text_on(rgb), node.title, " font-weight=\"bold\"");
    y = box.y0 + head + style.text * 0.95f;
    text(box.x0 + kPadX, y, style.text, theme_.faint, node.detail);
    if (!node.detail.empty()) y += style.text + kLineGap;
    for (const SceneRow& line : node.rows) {
      text(box.x0 + kPadX, y, style.text, theme_.text, line.name);
      text(box.x1 - kPadX, y, style.text, theme_.faint, line.value, " text-anchor=\"end\"");
      y += style.text + kLineGap;
    }
  }

  void rect(const Box& box, uint32_t fill, uint32_t stroke) {
    put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{}\" fill=\"{}\" stroke=\"{}\"/>\n", box.x0, box.y0, box.width(), box.height(), kRound, colour(fill),
        colour(stroke));
  }

  const Scene& scene_;
  const Colouring& colouring_;
  const SvgTheme& theme_;
  std::string out_;
};

}  // namespace

std::string scene_svg(const Scene& scene, const Colouring& colouring, const SvgTheme& theme) { return Writer(scene, colouring, theme).write(); }

}  // namespace npu::ui
