// SPDX-License-Identifier: Apache-2.0
// Small pieces that several panels are made of.
#pragma once

#include <cstdint>
#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ui/view.h"

namespace npu::ui {

// "12.3 k", "4.56 M"; "1.2 MB".
std::string short_number(double value);
std::string short_bytes(double bytes);
std::string short_us(double us);  // "812 us", "2.41 ms"

// A tooltip for the item just drawn, wrapped to a readable width.
void tooltip(std::string_view text);
// Text that is cut with an ellipsis at the given (or the available) width and then shown whole on hover.
void cut_text(std::string_view text, float width = 0);
void faint_text(const View& view, std::string_view text);
void wrapped_text(const View& view, std::string_view text, bool faint = false);
// The title of a panel with an explanation on hover of the mark behind it.
void title(const View& view, Str text, Str help);
// A large number with what it means below.
void headline(const View& view, std::string_view number, std::string_view meaning);
// "label  value" on one line, the value aligned at `column`.
void fact(const View& view, Str label, std::string_view value, float column);
// A horizontal bar behind text; fraction 0..1.
void bar(const View& view, double fraction, const ImVec4& colour, float width, float height);
// Names the item just drawn (see Marks).
void mark(const View& view, std::string_view name, std::string value = {});
// One of several views to choose from, beside the last one; begins a new line where it does not fit before `right` (screen).
bool view_tab(const View& view, Str name, Str help, bool chosen, float right);
// Shown where there is nothing yet.
void placeholder(const View& view, Str text);
bool small_button(const View& view, const char* label, Str help, bool enabled = true);
// A square with an icon; `name` is for the tooltip's first line.
bool icon_button(const View& view, const char* icon, Str name, Str help, float size, bool enabled = true);
void colour_dot(const ImVec4& colour);

// A column of a table: its heading, explanation, width (0: takes what is left) and cell, in one place.
template <class Row>
struct Column {
  Str header;
  Str help;
  float width;
  void (*cell)(const View&, const Row&);
  bool (*less)(const Row&, const Row&) = nullptr;  // nullptr: not sortable
  bool right = false;
};

// Begins a table with the columns' headings; the caller draws rows and calls ImGui::EndTable().
template <class Row>
bool begin_table(const View& view, const char* id, std::span<const Column<Row>> columns, ImVec2 size, ImGuiTableFlags flags) {
  if (!ImGui::BeginTable(id, static_cast<int>(columns.size()), flags, size)) return false;
  ImGui::TableSetupScrollFreeze(0, 1);
  for (const Column<Row>& column : columns) {
    ImGuiTableColumnFlags column_flags = column.width > 0 ? ImGuiTableColumnFlags_WidthFixed : ImGuiTableColumnFlags_WidthStretch;
    if (!column.less) column_flags |= ImGuiTableColumnFlags_NoSort;
    ImGui::TableSetupColumn(view.tr(column.header), column_flags, column.width);
  }
  ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!ImGui::TableSetColumnIndex(static_cast<int>(i))) continue;
    ImGui::PushID(static_cast<int>(i));
    ImGui::TableHeader(view.tr(columns[i].header));
    ImGui::PopID();
    tooltip(view.tr(columns[i].help));
  }
  return true;
}

// The order of a sortable table's rows: computed anew when `rows_of` (who owns them) or the user's choice has changed.
template <class Row>
void sort_rows(std::span<const Row> rows, std::span<const Column<Row>> columns, const void* rows_of, const void*& sorted, std::vector<int>& order) {
  ImGuiTableSortSpecs* sort = ImGui::TableGetSortSpecs();
  if (sorted == rows_of && order.size() == rows.size() && !(sort && sort->SpecsDirty)) return;
  sorted = rows_of;
  order.resize(rows.size());
  std::iota(order.begin(), order.end(), 0);
  if (sort && sort->SpecsCount > 0) {
    const auto less = columns[static_cast<size_t>(sort->Specs[0].ColumnIndex)].less;
    const bool descending = sort->Specs[0].SortDirection == ImGuiSortDirection_Descending;
    std::ranges::stable_sort(order, [&](int a, int b) {
      const Row &x = rows[static_cast<size_t>(a)], &y = rows[static_cast<size_t>(b)];
      return descending ? less(y, x) : less(x, y);
    });
  }
  if (sort) sort->SpecsDirty = false;
}

// The visible rows of a table that only shows them.
template <class Row>
void draw_rows(const View& view, std::span<const Row> rows, std::span<const Column<Row>> columns, const std::vector<int>& order) {
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(order.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const Row& row = rows[static_cast<size_t>(order[static_cast<size_t>(i)])];
      ImGui::TableNextRow();
      ImGui::PushID(i);
      for (size_t c = 0; c < columns.size(); ++c) {
        ImGui::TableSetColumnIndex(static_cast<int>(c));
        columns[c].cell(view, row);
      }
      ImGui::PopID();
    }
}

// Right-aligned text in the current cell.
void right_text(std::string_view text);

}  // namespace npu::ui
