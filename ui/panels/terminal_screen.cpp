// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ui/panels/terminal_panel.h"

namespace npu::ui {
namespace {

using terminal::Line;
using terminal::Row;
using terminal::Scrollback;
using terminal::Style;

constexpr float kLeading = 1.25f;

ImVec4 colour_of(const Theme& theme, Style style) {
  switch (style) {
    case Style::Error: return theme.bad;
    case Style::Prompt: return theme.accent;
    case Style::Note: return theme.faint;
    case Style::Output: break;
  }
  return theme.text;
}

int cells_before(const Line& line, size_t begin, size_t end) { return terminal::cells_of(std::string_view(line.text).substr(begin, end - begin)); }

bool is_part_of_name(char c) { return c != ' ' && c != '\'' && c != '"' && c != ':' && c != '|' && c != ',' && c != ';' && c != '='; }

// The word around a byte, as a file's name would stand there.
std::string name_at(const Line& line, size_t byte) {
  if (byte >= line.text.size() || !is_part_of_name(line.text[byte])) return "";
  size_t begin = byte, end = byte;
  while (begin > 0 && is_part_of_name(line.text[begin - 1])) --begin;
  while (end < line.text.size() && is_part_of_name(line.text[end])) ++end;
  return line.text.substr(begin, end - begin);
}

}  // namespace

void TerminalScreen::lay_out(const Scrollback& screen, int columns) {
  if (laid_out_ == screen.version() && columns_ == columns) return;
  laid_out_ = screen.version(), columns_ = columns, widest_ = 0;
  rows_.clear();
  for (size_t i = 0; i < screen.lines().size(); ++i) terminal::append_rows(screen.lines()[i], i, columns, rows_);
  for (const Row& row : rows_) widest_ = std::max(widest_, static_cast<int>(row.end - row.begin));
}

// `at`: in pixels from the first row's corner.
TerminalScreen::Place TerminalScreen::place_at(const Scrollback& screen, ImVec2 at, ImVec2 cell) const {
  if (rows_.empty()) return {};
  const auto index = static_cast<size_t>(std::clamp(at.y / cell.y, 0.0f, static_cast<float>(rows_.size() - 1)));
  const Row& row = rows_[index];
  const std::string& text = screen.lines()[row.line].text;
  size_t byte = row.begin;
  for (float x = cell.x / 2; byte < row.end && x < at.x;) {
    size_t next = byte;
    x += cell.x * static_cast<float>(terminal::cells_of(terminal::next_character(text, next)));
    byte = next;
  }
  return {screen.first_number() + row.line, byte};
}

void TerminalScreen::handle_mouse(const Scrollback& screen, ImVec2 origin, ImVec2 cell) {
  const ImGuiIO& io = ImGui::GetIO();
  const ImVec2 at(io.MousePos.x - origin.x, io.MousePos.y - origin.y);
  if (io.MouseSource == ImGuiMouseSource_TouchScreen) return;  // a finger scrolls
  if (ImGui::IsWindowHovered() && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
    anchor_ = head_ = place_at(screen, at, cell);
    selecting_ = true, selected_ = false;
  }
  if (selecting_ && ImGui::IsMouseDown(ImGuiMouseButton_Left)) {
    head_ = place_at(screen, at, cell);
    selected_ = anchor_ != head_;
  }
  if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) selecting_ = false;
  if (ImGui::IsWindowHovered() && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left) && !rows_.empty()) {
    const Line& line = screen.lines()[static_cast<size_t>(head_.line - screen.first_number())];
    size_t begin = std::min(head_.byte, line.text.size()), end = begin;
    while (begin > 0 && is_part_of_name(line.text[begin - 1])) --begin;
    while (end < line.text.size() && is_part_of_name(line.text[end])) ++end;
    anchor_.byte = begin, head_.byte = end;
    selected_ = begin < end, selecting_ = false;
  }
}

std::string TerminalScreen::selection(const Scrollback& screen) const {
  const auto [first, last] = std::minmax(anchor_, head_);
  std::string text;
  for (size_t i = 0; i < screen.lines().size(); ++i) {
    const uint64_t number = screen.first_number() + i;
    if (number < first.line || number > last.line) continue;
    const std::string& line = screen.lines()[i].text;
    const size_t begin = number == first.line ? std::min(first.byte, line.size()) : 0;
    const size_t end = number == last.line ? std::min(last.byte, line.size()) : line.size();
    if (number > first.line && !text.empty()) text += '\n';
    text += line.substr(begin, end - begin);
  }
  return text;
}

void TerminalScreen::draw_row(const View& view, const Scrollback& screen, const Row& row, ImVec2 at, ImVec2 cell) const {
  const Line& line = screen.lines()[row.line];
  auto* list = ImGui::GetWindowDrawList();
  const auto [first, last] = std::minmax(anchor_, head_);
  const uint64_t number = screen.first_number() + row.line;
  if (selected_ && number >= first.line && number <= last.line) {
    const size_t begin = std::clamp(number == first.line ? first.byte : 0, row.begin, row.end);
    const size_t end = std::clamp(number == last.line ? last.byte : line.text.size(), row.begin, row.end);
    const auto x = [&](size_t byte) { return at.x + cell.x * static_cast<float>(cells_before(line, row.begin, byte)); };
    if (begin < end) list->AddRectFilled({x(begin), at.y}, {x(end), at.y + cell.y}, colour(view.theme.accent, 0.35f));
  }
  ImFont* font = view.theme.mono;
  const float size = terminal_text_size(view), top = at.y + (cell.y - size) / 2;
  for (size_t i = 0; i < line.spans.size(); ++i) {
    const size_t span_end = i + 1 < line.spans.size() ? line.spans[i + 1].begin : line.text.size();
    size_t from = std::max(line.spans[i].begin, row.begin);
    const size_t end = std::min(span_end, row.end);
    const ImU32 ink = colour(colour_of(view.theme, line.spans[i].style));
    while (from < end) {
      // A run of narrow characters, or one wide one in its two cells.
      size_t to = from;
      const bool wide = terminal::cells_of(terminal::next_character(line.text, to)) == 2;
      for (size_t next = to; !wide && next < end && terminal::cells_of(terminal::next_character(line.text, next)) == 1;) to = next;
      list->AddText(font, size, {at.x + cell.x * static_cast<float>(cells_before(line, row.begin, from)), top}, ink, line.text.data() + from, line.text.data() + to);
      from = to;
    }
  }
}

std::string TerminalScreen::draw(const View& view, const Scrollback& screen, ImVec2 size) {
  ImGui::BeginChild("screen", size, ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_HorizontalScrollbar);
  const float size_of_text = terminal_text_size(view);
  const ImVec2 cell(view.theme.mono->CalcTextSizeA(size_of_text, FLT_MAX, 0, "MMMMMMMMMM").x / 10, std::round(size_of_text * kLeading));
  const float width = ImGui::GetContentRegionAvail().x;
  lay_out(screen, std::max(8, static_cast<int>(width / cell.x)));
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const bool at_end = ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 1;
  if (ImGui::GetIO().MouseWheel != 0 && ImGui::IsWindowHovered()) follow_ = false;
  follow_ |= at_end;
  handle_mouse(screen, origin, cell);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(rows_.size()), cell.y);
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) draw_row(view, screen, rows_[static_cast<size_t>(i)], {origin.x, origin.y + cell.y * static_cast<float>(i)}, cell);
  ImGui::SetCursorScreenPos(origin);
  ImGui::Dummy({cell.x * static_cast<float>(std::min(widest_, 400)), cell.y * static_cast<float>(rows_.size())});
  std::string name;
  const ImGuiIO& io = ImGui::GetIO();
  const bool held = io.MouseSource == ImGuiMouseSource_TouchScreen && ImGui::IsMouseReleased(ImGuiMouseButton_Left) && io.MouseDownDurationPrev[0] > 0.5f;
  if (ImGui::IsWindowHovered() && !rows_.empty() && (ImGui::IsMouseReleased(ImGuiMouseButton_Right) || held)) {
    // The cell under the pointer, not the nearest gap.
    const Place place = place_at(screen, {io.MousePos.x - origin.x - cell.x / 2, io.MousePos.y - origin.y}, cell);
    name = name_at(screen.lines()[static_cast<size_t>(place.line - screen.first_number())], place.byte);
  }
  if (follow_) ImGui::SetScrollY(cell.y * static_cast<float>(rows_.size()));
  follow_ = false;
  ImGui::EndChild();
  return name;
}

}  // namespace npu::ui
