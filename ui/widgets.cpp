// SPDX-License-Identifier: Apache-2.0
#include "ui/widgets.h"

#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

namespace npu::ui {
namespace {

constexpr float kTooltipWidth = 380;

// A finger stays where it pressed last: help to what it pressed shows while it is held, to what does nothing after a tap.
bool covered_by_finger() { return ImGui::GetIO().MouseSource == ImGuiMouseSource_TouchScreen && ImGui::GetItemID() != 0 && !ImGui::IsItemActive(); }

void show_tooltip(std::string_view text) {
  if (text.empty() || !ImGui::IsItemHovered(ImGuiHoveredFlags_ForTooltip | ImGuiHoveredFlags_DelayNormal)) return;
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(std::min(kTooltipWidth, ImGui::GetIO().DisplaySize.x - 40));
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

std::string three_digits(double value) {
  const double size = std::abs(value);
  return fmt::format(fmt::runtime(size >= 100 ? "{:.0f}" : size >= 10 ? "{:.1f}" : "{:.2f}"), value);
}

std::string scaled(double value, double base, std::span<const char* const> units) {
  size_t unit = 0;
  while (std::abs(value) >= base && unit + 1 < units.size()) value /= base, ++unit;
  if (unit == 0) return fmt::format("{:.0f}{}", value, units[0]);
  return three_digits(value) + units[unit];
}

}  // namespace

std::string short_number(double value) {
  constexpr const char* units[] = {"", " k", " M", " G", " T"};
  return scaled(value, 1000, units);
}

std::string short_bytes(double bytes) {
  constexpr const char* units[] = {" B", " KB", " MB", " GB"};
  return scaled(bytes, 1024, units);
}

std::string short_us(double us) {
  if (us >= 1e6) return three_digits(us / 1e6) + " s";
  if (us >= 1e3) return three_digits(us / 1e3) + " ms";
  return three_digits(us) + " \xc2\xb5s";
}

void tooltip(std::string_view text) {
  if (!covered_by_finger()) show_tooltip(text);
}

void cut_text(std::string_view text, float width) {
  const float available = width > 0 ? width : ImGui::GetContentRegionAvail().x;
  const char* end = text.data() + text.size();
  const ImVec2 size = ImGui::CalcTextSize(text.data(), end);
  if (size.x <= available) return ImGui::TextUnformatted(text.data(), end);
  const ImVec2 from = ImGui::GetCursorScreenPos();
  ImGui::RenderTextEllipsis(ImGui::GetWindowDrawList(), from, {from.x + available, from.y + size.y}, from.x + available,
                            text.data(), end, &size);
  ImGui::Dummy({std::max(available, 1.0f), size.y});
  tooltip(text);
}

void faint_text(const View& view, std::string_view text) {
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  cut_text(text);
  ImGui::PopStyleColor();
}

void wrapped_text(const View& view, std::string_view text, bool faint) {
  if (faint) ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopTextWrapPos();
  if (faint) ImGui::PopStyleColor();
}

void title(const View& view, Str text, Str help) {
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  ImGui::TextUnformatted(view.tr(text));
  ImGui::PopFont();
  ImGui::SameLine();
  // The mark is a circle with a question mark; the whole of it answers to hover, tap and keyboard focus.
  const float radius = ImGui::GetTextLineHeight() * 0.48f;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::PushID(static_cast<int>(text));
  ImGui::InvisibleButton("help", {radius * 2, ImGui::GetTextLineHeight()});
  ImGui::PopID();
  const ImVec2 centre(at.x + radius, at.y + ImGui::GetTextLineHeight() / 2);
  auto* list = ImGui::GetWindowDrawList();
  list->AddCircle(centre, radius, colour(view.theme.faint), 0, 1.2f);
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  const ImVec2 mark = ImGui::CalcTextSize("?");
  list->AddText({centre.x - mark.x / 2, centre.y - mark.y / 2}, colour(view.theme.faint), "?");
  ImGui::PopFont();
  show_tooltip(view.tr(help));
}

void headline(const View& view, std::string_view number, std::string_view meaning) {
  ImGui::PushFont(view.theme.strong, view.theme.large_size);
  ImGui::TextUnformatted(number.data(), number.data() + number.size());
  ImGui::PopFont();
  if (!meaning.empty()) faint_text(view, meaning);
}

void fact(const View& view, Str label, std::string_view value, float column) {
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  ImGui::TextUnformatted(view.tr(label));
  ImGui::PopStyleColor();
  ImGui::SameLine(column);
  cut_text(value);
}

void bar(const View& view, double fraction, const ImVec4& fill, float width, float height) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  auto* list = ImGui::GetWindowDrawList();
  const float filled = width * static_cast<float>(std::clamp(fraction, 0.0, 1.0));
  list->AddRectFilled(at, {at.x + width, at.y + height}, colour(view.theme.raised), height / 2);
  if (filled > 0.5f) list->AddRectFilled(at, {at.x + std::max(filled, height), at.y + height}, colour(fill), height / 2);
  ImGui::Dummy({width, height});
}

void placeholder(const View& view, Str text) {
  ImGui::Spacing();
  wrapped_text(view, view.tr(text), true);
}

bool small_button(const View& view, const char* label, Str help, bool enabled) {
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::Button(label);
  ImGui::EndDisabled();
  tooltip(view.tr(help));
  return pressed;
}

bool view_tab(const View& view, Str name, Str help, bool chosen, float right) {
  if (ImGui::GetCursorScreenPos().x + ImGui::CalcTextSize(view.tr(name)).x + ImGui::GetStyle().FramePadding.x * 2 > right) ImGui::NewLine();
  ImGui::PushStyleColor(ImGuiCol_Button, chosen ? view.theme.raised : ImVec4(0, 0, 0, 0));
  ImGui::PushStyleColor(ImGuiCol_Text, chosen ? view.theme.text : view.theme.faint);
  const bool pressed = ImGui::Button(view.tr(name));
  ImGui::PopStyleColor(2);
  tooltip(view.tr(help));
  ImGui::SameLine(0, 4);
  return pressed;
}

void mark(const View& view, std::string_view name, std::string value) {
  if (view.marks) view.marks->set(name, {ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), std::move(value)});
}

bool icon_button(const View& view, const char* icon, Str name, Str help, float size, bool enabled) {
  ImGui::PushID(view.tr(name));
  ImGui::PushStyleColor(ImGuiCol_Button, ImVec4(0, 0, 0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {0, ImGui::GetStyle().FramePadding.y});
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::Button(icon, {size, 0});
  ImGui::EndDisabled();
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  ImGui::PopID();
  tooltip(fmt::format("{}\n{}", view.tr(name), view.tr(help)));
  return pressed;
}

void colour_dot(const ImVec4& fill) {
  const float size = ImGui::GetTextLineHeight();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddRectFilled({at.x, at.y + size * 0.25f}, {at.x + size * 0.5f, at.y + size * 0.75f}, colour(fill), 3);
  ImGui::Dummy({size * 0.5f, size});
  ImGui::SameLine(0, 5);
}

void right_text(std::string_view text) {
  const float width = ImGui::CalcTextSize(text.data(), text.data() + text.size()).x;
  const float space = ImGui::GetContentRegionAvail().x - width;
  if (space > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + space);
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
}

}  // namespace npu::ui
