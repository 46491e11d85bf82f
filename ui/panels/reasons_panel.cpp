// SPDX-License-Identifier: Apache-2.0
#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {

void ReasonsPanel::draw(const View& view, Commands& commands) {
  const CompileInfo& compile = *view.now.compile;
  wrapped_text(view, view.tr(Str::ReasonsText), true);
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##filter", view.tr(Str::ReasonsFilter), &filter_);
  if (filtered_ != &compile || filtered_by_ != filter_) {
    filtered_ = &compile, filtered_by_ = filter_;
    rows_.clear();
    for (int p = 0; p < static_cast<int>(compile.passes.size()); ++p) {
      const PassReport& report = compile.passes[static_cast<size_t>(p)].report;
      for (int m = 0; m < static_cast<int>(report.misses.size()); ++m) {
        const MissedRewrite& miss = report.misses[static_cast<size_t>(m)];
        const bool shown = filter_.empty() || (report.name + " " + miss.node + " " + miss.reason).find(filter_) != std::string::npos;
        if (shown) rows_.push_back({p, m});
      }
    }
  }
  if (rows_.empty()) return placeholder(view, Str::ReasonsNone);
  if (!ImGui::BeginTable("reasons", 3, ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Resizable | ImGuiTableFlags_NoPadOuterX)) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn(view.tr(Str::ColName), ImGuiTableColumnFlags_WidthStretch, 1);
  ImGui::TableSetupColumn(view.tr(Str::ColReason), ImGuiTableColumnFlags_WidthStretch, 1.6f);
  ImGui::TableSetupColumn(view.tr(Str::ColPass), ImGuiTableColumnFlags_WidthStretch, 0.7f);
  ImGui::TableHeadersRow();
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(rows_.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const Row& row = rows_[static_cast<size_t>(i)];
      const PassReport& report = compile.passes[static_cast<size_t>(row.pass)].report;
      const MissedRewrite& miss = report.misses[static_cast<size_t>(row.miss)];
      ImGui::TableNextRow();
      ImGui::PushID(i);
      ImGui::TableSetColumnIndex(0);
      const ImVec2 at = ImGui::GetCursorPos();
      if (ImGui::Selectable("##row", report.name == view.settings.pass, ImGuiSelectableFlags_SpanAllColumns)) {
        commands.push(command::SelectPass{report.name});
        commands.push(command::ChooseCompileView{CompileView::Passes});
      }
      ImGui::SetCursorPos(at);
      cut_text(miss.node);
      ImGui::TableSetColumnIndex(1);
      cut_text(miss.reason);
      ImGui::TableSetColumnIndex(2);
      cut_text(report.name);
      ImGui::PopID();
    }
  ImGui::EndTable();
}

}  // namespace npu::ui
