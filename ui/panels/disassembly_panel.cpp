// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/isa/program.h"
#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {

void DisassemblyPanel::draw(const View& view, Commands& commands, float height) {
  const CompiledModel& model = *view.now.compile->model;
  if (model.tasks.empty()) return placeholder(view, Str::NoTask);
  const int index = std::clamp(view.settings.task, 0, static_cast<int>(model.tasks.size()) - 1);
  const Task& task = model.tasks[static_cast<size_t>(index)];
  const float top = ImGui::GetCursorPosY();

  if (small_button(view, "\xe2\x86\x90##task", Str::PreviousTask, index > 0)) commands.push(command::SelectTask{index - 1});
  ImGui::SameLine(0, 4);
  if (small_button(view, "\xe2\x86\x92##task", Str::NextTask, index + 1 < static_cast<int>(model.tasks.size()))) commands.push(command::SelectTask{index + 1});
  ImGui::SameLine();
  cut_text(fmt::format("{}/{}  {}", index + 1, model.tasks.size(), task.name));
  if (task.blocks.empty()) return placeholder(view, Str::NoInstructions);

  block = std::clamp(block, 0, static_cast<int>(task.blocks.size()) - 1);
  if (task.blocks.size() > 1) {
    ImGui::SetNextItemWidth(std::min(220.0f, ImGui::GetContentRegionAvail().x * 0.5f));
    ImGui::SliderInt("##block", &block, 0, static_cast<int>(task.blocks.size()) - 1, view.format(Str::BlockOf, "%d", task.blocks.size()).c_str());
    tooltip(view.tr(Str::BlockHelp));
    ImGui::SameLine();
  }
  const Program& program = task.blocks[static_cast<size_t>(block)];
  faint_text(view, view.format(Str::InstructionCount, program.size()));

  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::BeginChild("code", {0, std::max(120.0f, height - (ImGui::GetCursorPosY() - top))}, ImGuiChildFlags_Borders, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PopStyleColor();
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  const float line = ImGui::GetTextLineHeightWithSpacing();
  if (scroll_to >= 0) {
    marked_ = std::exchange(scroll_to, -1);
    ImGui::SetScrollY(std::max(0.0f, line * static_cast<float>(marked_ - 4)));
  }
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(program.size()), line);
  auto* list = ImGui::GetWindowDrawList();
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const Instr& instr = program[static_cast<size_t>(i)];
      const Pipe pipe = pipe_of(instr);
      const ImVec2 at = ImGui::GetCursorScreenPos();
      if (i == marked_) list->AddRectFilled({at.x - 6, at.y}, {at.x + ImGui::GetWindowWidth() + ImGui::GetScrollMaxX(), at.y + line}, colour(view.theme.accent, 0.25f));
      list->AddRectFilled({at.x - 5, at.y + 2}, {at.x - 1, at.y + line - 2}, colour(view.theme.pipes[static_cast<size_t>(pipe)]), 1);
      ImGui::TextDisabled("%5d %-4s", i, std::string(kPipeNames[static_cast<size_t>(pipe)]).c_str());
      ImGui::SameLine(0, 8);
      const std::string text = disassemble(instr);
      ImGui::TextUnformatted(text.data(), text.data() + text.size());
      tooltip(instr_info(instr.op).doc);
    }
  }
  ImGui::PopFont();
  ImGui::EndChild();
}

}  // namespace npu::ui
