// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

void cell_name(const View&, const TaskRow& row) { cut_text(row.name); }
void cell_op(const View&, const TaskRow& row) { cut_text(row.op); }
void cell_engine(const View& view, const TaskRow& row) {
  const bool core = row.engine == Engine::AiCore;
  colour_dot(core ? view.theme.accent : view.theme.ai_cpu);
  cut_text(view.tr(core ? Str::AiCore : Str::AiCpu));
}
void cell_cycles(const View&, const TaskRow& row) { right_text(fmt::format("{}", row.cycles)); }
void cell_time(const View&, const TaskRow& row) { right_text(fmt::format("{:.2f}", row.us)); }
void cell_share(const View& view, const TaskRow& row) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x * static_cast<float>(row.share);
  ImGui::GetWindowDrawList()->AddRectFilled(at, {at.x + width, at.y + ImGui::GetTextLineHeight()}, colour(view.theme.accent, 0.35f), 3);
  right_text(fmt::format("{:.1f} %", 100 * row.share));
}
void cell_bound(const View& view, const TaskRow& row) {
  for (size_t pipe = 0; pipe < kPipeNames.size(); ++pipe)
    if (kPipeNames[pipe] == row.bound) colour_dot(view.theme.pipes[pipe]);
  cut_text(row.bound == "launch" ? view.tr(Str::BoundLaunch) : fmt::format("{} {:.0f} %", row.bound, 100 * row.bound_share));
}

using R = const TaskRow&;
constexpr Column<TaskRow> kColumns[] = {
    {Str::ColTask, Str::ColTaskHelp, 0, cell_name, [](R a, R b) { return a.name < b.name; }},
    {Str::ColOperator, Str::ColFusedHelp, 0, cell_op, [](R a, R b) { return a.op < b.op; }},
    {Str::ColEngine, Str::ColEngineHelp, 78, cell_engine, [](R a, R b) { return a.engine < b.engine; }},
    {Str::ColCycles, Str::ColCyclesHelp, 70, cell_cycles, [](R a, R b) { return a.cycles < b.cycles; }},
    {Str::ColUs, Str::ColUsHelp, 60, cell_time, [](R a, R b) { return a.us < b.us; }},
    {Str::ColShare, Str::ColShareHelp, 64, cell_share, [](R a, R b) { return a.share < b.share; }},
    {Str::ColBound, Str::ColBoundHelp, 96, cell_bound, [](R a, R b) { return a.bound < b.bound; }}};
constexpr Column<TaskRow> kNarrowColumns[] = {kColumns[0], kColumns[2], kColumns[4], kColumns[6]};

void describe(const View& view, const TaskRow& row) {
  tooltip(view.format(Str::TaskTooltip, row.name, row.op, row.cycles, row.us, short_bytes(static_cast<double>(row.read_bytes)),
                      short_bytes(static_cast<double>(row.write_bytes)), short_number(static_cast<double>(row.macs))));
}

}  // namespace

void TaskPanel::draw(const View& view, Commands& commands, float height) {
  const auto& tasks = view.now.profile->tasks;
  const bool wide = ImGui::GetContentRegionAvail().x > 560;
  const std::span<const Column<TaskRow>> columns = wide ? std::span<const Column<TaskRow>>(kColumns) : kNarrowColumns;
  if (!begin_table<TaskRow>(view, wide ? "tasks" : "tasks_narrow", columns, {0, height},
                            ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Sortable |
                                ImGuiTableFlags_SortTristate | ImGuiTableFlags_Resizable | ImGuiTableFlags_NoPadOuterX))
    return;
  sort_rows<TaskRow>(tasks, columns, view.now.profile.get(), sorted_, order_);
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(order_.size()));
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const int index = order_[static_cast<size_t>(i)];
      const TaskRow& row = tasks[static_cast<size_t>(index)];
      ImGui::TableNextRow();
      ImGui::PushID(index);
      ImGui::TableSetColumnIndex(0);
      const ImVec2 at = ImGui::GetCursorPos();
      if (ImGui::Selectable("##task", index == view.settings.task, ImGuiSelectableFlags_SpanAllColumns))
        commands.push(command::SelectTask{index});
      describe(view, row);
      ImGui::SetCursorPos(at);
      for (size_t c = 0; c < columns.size(); ++c) {
        if (c > 0) ImGui::TableSetColumnIndex(static_cast<int>(c));
        columns[c].cell(view, row);
      }
      ImGui::PopID();
    }
  }
  ImGui::EndTable();
}

}  // namespace npu::ui
