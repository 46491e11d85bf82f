// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include "core/base/parse_real.h"
#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

TextTable text_table(OpSummary summary) { return {{summary.headers.begin(), summary.headers.end()}, std::move(summary.rows)}; }

constexpr std::string_view kName = "Op Name";

}  // namespace

bool ProfileWatch::changed(const View& view) {
  if (seen_.lock() == view.now.profile && !seen_.expired()) return false;
  seen_ = view.now.profile;
  return true;
}

void OpSummaryPanel::draw(const View& view, Commands& commands, float height) {
  const float top = ImGui::GetCursorPosY();
  const bool fresh = watch_.changed(view);
  if (fresh) {
    table_ = text_table(op_summary(*view.now.compile->model, *view.now.profile->raw));
    columns_.clear();
    const auto name = static_cast<int>(std::ranges::find(table_.headers, kName) - table_.headers.begin());
    columns_.push_back(name);
    for (int c = 0; c < static_cast<int>(table_.headers.size()); ++c)
      if (c != name) columns_.push_back(c);
  }
  draw_tools(view, commands);
  if (fresh || filtered_by_ != filter_) sort();
  const ImVec2 size(0, std::max(120.0f, height - (ImGui::GetCursorPosY() - top)));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollX | ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Sortable | ImGuiTableFlags_SortTristate |
                                     ImGuiTableFlags_Resizable | ImGuiTableFlags_Hideable | ImGuiTableFlags_BordersInnerV | ImGuiTableFlags_NoSavedSettings;
  if (!ImGui::BeginTable("op_summary", static_cast<int>(columns_.size()), kFlags, size)) return;
  ImGui::TableSetupScrollFreeze(1, 1);
  for (const int c : columns_) ImGui::TableSetupColumn(table_.headers[static_cast<size_t>(c)].c_str(), ImGuiTableColumnFlags_WidthFixed, c == columns_.front() ? (view.compact ? 110.0f : 190.0f) : 0.0f);
  ImGui::TableHeadersRow();
  if (ImGuiTableSortSpecs* specs = ImGui::TableGetSortSpecs(); specs && specs->SpecsDirty) {
    sort_column_ = specs->SpecsCount > 0 ? columns_[static_cast<size_t>(specs->Specs[0].ColumnIndex)] : -1;
    descending_ = specs->SpecsCount > 0 && specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
    specs->SpecsDirty = false;
    sort();
  }
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(rows_.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const int task = rows_[static_cast<size_t>(i)];
      const auto& cells = table_.rows[static_cast<size_t>(task)];
      ImGui::TableNextRow();
      ImGui::PushID(task);
      for (size_t c = 0; c < columns_.size(); ++c) {
        if (!ImGui::TableSetColumnIndex(static_cast<int>(c))) continue;
        const std::string& cell = cells[static_cast<size_t>(columns_[c])];
        if (c == 0) {
          const ImVec2 at = ImGui::GetCursorPos();
          if (ImGui::Selectable("##task", task == view.settings.task, ImGuiSelectableFlags_SpanAllColumns)) commands.push(command::SelectTask{task});
          ImGui::SetCursorPos(at);
          cut_text(cell);
        } else if (parse_real(cell)) {
          right_text(cell);
        } else {
          ImGui::TextUnformatted(cell.c_str());
        }
      }
      ImGui::PopID();
    }
  ImGui::EndTable();
  mark(view, "profile-op-summary", fmt::format("{}", rows_.size()));
}

void OpSummaryPanel::draw_tools(const View& view, Commands& commands) {
  ImGui::SetNextItemWidth(std::min(260.0f, ImGui::GetContentRegionAvail().x * (view.compact ? 0.42f : 0.5f)));
  ImGui::InputTextWithHint("##filter", view.tr(Str::OpSummaryFilter), &filter_);
  mark(view, "op-summary-filter", filter_);
  ImGui::SameLine(0, 6);
  if (small_button(view, view.tr(Str::CopyCsv), Str::CopyCsvHelp)) commands.push(command::Copy{copy_text(table_, rows_, ',')});
  mark(view, "op-summary-csv");
  ImGui::SameLine(0, 6);
  if (small_button(view, view.tr(Str::CopyTsv), Str::CopyTsvHelp)) commands.push(command::Copy{copy_text(table_, rows_, '\t')});
  mark(view, "op-summary-tsv");
  if (view.compact) return;
  ImGui::SameLine();
  faint_text(view, view.format(Str::OpSummaryCount, rows_.size(), table_.rows.size(), table_.headers.size()));
}

void OpSummaryPanel::sort() {
  filtered_by_ = filter_;
  rows_ = select_rows(table_, filter_, sort_column_, descending_);
}

}  // namespace npu::ui
