// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr Str kLevelNames[] = {Str::LevelDdr, Str::LevelL2, Str::LevelL1};
constexpr Str kLevelHelps[] = {Str::LevelDdrHelp, Str::LevelL2Help, Str::LevelL1Help};
constexpr Str kRoofNames[] = {Str::RoofCubeF16, Str::RoofCubeInt8, Str::RoofVector};
constexpr float kLeft = 58, kBottom = 40, kTop = 8, kRight = 10;

ImVec4 roof_colour(const Theme& theme, ComputeRoof roof) {
  switch (roof) {
    case ComputeRoof::CubeF16: return theme.pipes[static_cast<size_t>(Pipe::M)];
    case ComputeRoof::CubeInt8: return theme.pipes[static_cast<size_t>(Pipe::MTE3)];
    case ComputeRoof::Vector: return theme.pipes[static_cast<size_t>(Pipe::V)];
  }
  return theme.text;
}

std::string power_text(double value) { return value >= 1 ? short_number(value) : fmt::format("{:g}", value); }
std::string rate_text(double gops) { return short_number(gops * 1e9) + "op/s"; }

// Two logarithmic axes over a rectangle.
struct Axes {
  double x0 = 0, x1 = 1, y0 = 0, y1 = 1;  // log10
  ImVec2 from, size;

  float x(double value) const { return from.x + static_cast<float>((std::log10(value) - x0) / (x1 - x0)) * size.x; }
  float y(double value) const { return from.y + size.y - static_cast<float>((std::log10(value) - y0) / (y1 - y0)) * size.y; }
};

// Whole powers of ten around all points and all knees.
Axes axes_of(const Roofline& roofline, MemoryLevel level) {
  double low_x = 1e30, high_x = 0, low_y = 1e30, high_y = 0;
  const auto see = [&](double x, double y) { low_x = std::min(low_x, x), high_x = std::max(high_x, x), low_y = std::min(low_y, y), high_y = std::max(high_y, y); };
  for (const double gops : roofline.gops) see(gops / roofline.gbps[static_cast<size_t>(level)], gops);
  for (const RooflinePoint& point : roofline.points)
    if (const auto x = point.intensity(level)) see(*x, point.gops);
  return {std::floor(std::log10(low_x) - 0.1), std::ceil(std::log10(high_x) + 0.1), std::floor(std::log10(low_y) - 0.1), std::ceil(std::log10(high_y) + 0.15), {}, {}};
}

void draw_grid(const View& view, const Axes& axes) {
  auto* list = ImGui::GetWindowDrawList();
  const ImVec2 to(axes.from.x + axes.size.x, axes.from.y + axes.size.y);
  const float row = ImGui::GetTextLineHeight();
  for (double power = axes.x0; power <= axes.x1; ++power) {
    const float x = axes.x(std::pow(10, power));
    const std::string text = power_text(std::pow(10, power));
    list->AddLine({x, axes.from.y}, {x, to.y}, colour(view.theme.border, 0.7f));
    const float width = ImGui::CalcTextSize(text.c_str()).x;
    list->AddText({std::min(x - width / 2, to.x - width), to.y + 3}, colour(view.theme.faint), text.c_str());
  }
  for (double power = axes.y0; power <= axes.y1; ++power) {
    const float y = axes.y(std::pow(10, power));
    const std::string text = short_number(std::pow(10, power + 9));
    list->AddLine({axes.from.x, y}, {to.x, y}, colour(view.theme.border, 0.7f));
    list->AddText({axes.from.x - 6 - ImGui::CalcTextSize(text.c_str()).x, std::clamp(y - row / 2, axes.from.y, to.y - row)}, colour(view.theme.faint), text.c_str());
  }
  const char* across = view.tr(Str::RooflineX);
  list->AddText({to.x - ImGui::CalcTextSize(across).x, to.y + 4 + row}, colour(view.theme.faint), across);
  list->AddText({axes.from.x + 6, axes.from.y + 2}, colour(view.theme.faint), view.tr(Str::RooflineY));
}

void draw_roofs(const View& view, const Axes& axes, const Roofline& roofline, MemoryLevel level) {
  auto* list = ImGui::GetWindowDrawList();
  const double gbps = roofline.gbps[static_cast<size_t>(level)], right = std::pow(10, axes.x1);
  const double top = *std::ranges::max_element(roofline.gops);
  list->AddLine({axes.x(std::pow(10, axes.x0)), axes.y(gbps * std::pow(10, axes.x0))}, {axes.x(top / gbps), axes.y(top)}, colour(view.theme.text, 0.8f), 2);
  for (int i = 0; i < kComputeRoofs; ++i) {
    const double gops = roofline.gops[static_cast<size_t>(i)];
    const ImU32 line = colour(roof_colour(view.theme, static_cast<ComputeRoof>(i)));
    list->AddLine({axes.x(gops / gbps), axes.y(gops)}, {axes.x(right), axes.y(gops)}, line, 2);
    const std::string text = fmt::format("{} {}", view.tr(kRoofNames[i]), rate_text(gops));
    const float width = ImGui::CalcTextSize(text.c_str()).x, y = axes.y(gops);
    const ImVec2 at(axes.x(right) - width - 4, i == 1 ? y - ImGui::GetTextLineHeight() - 2 : y + 2);
    list->AddRectFilled({at.x - 2, at.y}, {at.x + width + 2, at.y + ImGui::GetTextLineHeight()}, colour(view.theme.background, 0.85f));
    list->AddText(at, line, text.c_str());
  }
}

float radius_of(double share) { return 3.5f + 9 * static_cast<float>(std::sqrt(std::clamp(share, 0.0, 1.0))); }

}  // namespace

void RooflinePanel::draw(const View& view, Commands& commands, float height) {
  const auto soc = find_soc(view.now.compile->model->soc);
  if (!soc) return placeholder(view, Str::ProfileEmpty);
  if (watch_.changed(view)) roofline_ = make_roofline(*view.now.compile->model, *view.now.profile->raw, **soc);
  const float top = ImGui::GetCursorPosY();
  draw_tools(view);
  draw_chart(view, commands, {ImGui::GetContentRegionAvail().x, std::max(160.0f, height - (ImGui::GetCursorPosY() - top) - 2)});
}

void RooflinePanel::draw_tools(const View& view) {
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  for (int i = 0; i < kMemoryLevels; ++i)
    if (view_tab(view, kLevelNames[i], kLevelHelps[i], level_ == static_cast<MemoryLevel>(i), right)) level_ = static_cast<MemoryLevel>(i);
  const auto shown = std::ranges::count_if(roofline_.points, [&](const RooflinePoint& point) { return point.intensity(level_).has_value(); });
  const std::string text = view.format(Str::RooflineFacts, shown, roofline_.points.size() - static_cast<size_t>(shown), fmt::format("{:.0f}", roofline_.gbps[static_cast<size_t>(level_)]));
  ImGui::AlignTextToFramePadding();
  if (view.compact) ImGui::NewLine(), wrapped_text(view, text, true);
  else ImGui::SetCursorPosX(ImGui::GetCursorPosX() + 10), faint_text(view, text);
}

void RooflinePanel::draw_chart(const View& view, Commands& commands, ImVec2 size) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton("roofline", size, ImGuiButtonFlags_EnableNav);
  mark(view, "profile-roofline", fmt::format("{}", roofline_.points.size()));
  const bool hovered = ImGui::IsItemHovered();
  Axes axes = axes_of(roofline_, level_);
  axes.from = {at.x + kLeft, at.y + kTop};
  axes.size = {std::max(40.0f, size.x - kLeft - kRight), std::max(40.0f, size.y - kBottom - kTop)};
  auto* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(axes.from, {axes.from.x + axes.size.x, axes.from.y + axes.size.y}, colour(view.theme.background), 4);
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  draw_grid(view, axes);
  draw_roofs(view, axes, roofline_, level_);
  ImGui::PopFont();

  const auto& tasks = view.now.profile->tasks;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const auto place_of = [&](const RooflinePoint& point) { return ImVec2(axes.x(point.intensity(level_).value_or(std::pow(10, axes.x1))), axes.y(point.gops)); };
  const RooflinePoint* under = nullptr;
  float nearest = view.theme.touch ? 22.0f : 12.0f;
  for (const RooflinePoint& point : roofline_.points) {
    const auto x = point.intensity(level_);
    if (point.task >= tasks.size()) continue;
    const ImVec2 centre = place_of(point);
    const bool chosen = static_cast<int>(point.task) == view.settings.task;
    const float radius = radius_of(tasks[point.task].share);
    if (x) list->AddCircleFilled(centre, radius, colour(roof_colour(view.theme, point.roof), 0.75f));
    else list->AddCircle(centre, radius, colour(roof_colour(view.theme, point.roof)), 0, 2);
    list->AddCircle(centre, radius + (chosen ? 2.0f : 0.0f), chosen ? colour(view.theme.accent) : colour(view.theme.background), 0, chosen ? 2.5f : 1.0f);
    if (view.marks) view.marks->set(fmt::format("roofline-point-{}", point.task), {{centre.x - radius, centre.y - radius}, {centre.x + radius, centre.y + radius}, tasks[point.task].name});
    const float distance = std::hypot(mouse.x - centre.x, mouse.y - centre.y) - radius;
    if (hovered && distance < nearest) nearest = distance, under = &point;
  }
  if (!under) return;
  const double x = under->intensity(level_).value_or(1e18), reach = roofline_.attainable(under->roof, level_, x);
  const ImVec2 centre = place_of(*under);
  list->AddLine(centre, {centre.x, axes.y(reach)}, colour(view.theme.accent), 1.5f);
  const TaskRow& task = tasks[under->task];
  tooltip(view.format(Str::RooflineTooltip, task.name, task.op, short_us(task.us), rate_text(under->gops), x < 1e18 ? fmt::format("{:.3g}", x) : "\xe2\x88\x9e", 100 * under->gops / reach, rate_text(reach)));
  if (ImGui::IsItemClicked()) commands.push(command::SelectTask{static_cast<int>(under->task)});
}

}  // namespace npu::ui
