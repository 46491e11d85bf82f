// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kAxis = 56;  // width of the address labels

// Neighbours in memory or time get colours that are told apart; the same buffer keeps its colour.
ImVec4 buffer_colour(const Theme& theme, size_t index) {
  constexpr size_t kOrder[] = {4, 1, 5, 3, 6, 2};
  return theme.pipes[kOrder[index % std::size(kOrder)]];
}

}  // namespace

void MemoryPanel::draw(const View& view, Commands& commands, float height) {
  const CompiledModel& model = *view.now.compile->model;
  if (model.lives.empty() || model.arena_bytes <= 0 || model.tasks.empty()) return placeholder(view, Str::NoBuffers);
  int64_t sum = 0;
  for (const BufferLife& life : model.lives) sum += life.bytes;
  faint_text(view, view.format(Str::MemorySummary, short_bytes(static_cast<double>(model.arena_bytes)), short_bytes(static_cast<double>(sum)),
                               short_bytes(static_cast<double>(view.now.profile->peak_arena))));
  const ImVec2 from = ImGui::GetCursorScreenPos();
  const ImVec2 size(ImGui::GetContentRegionAvail().x, std::max(120.0f, height - ImGui::GetTextLineHeightWithSpacing() * 2));
  ImGui::InvisibleButton("map", size);
  auto* list = ImGui::GetWindowDrawList();
  const float left = from.x + kAxis, right = from.x + size.x, bottom = from.y + size.y;
  list->AddRectFilled({left, from.y}, {right, bottom}, colour(view.theme.background), 4);
  const double tasks = static_cast<double>(model.tasks.size());
  const double arena = static_cast<double>(model.arena_bytes);
  const auto to_x = [&](double task) { return left + static_cast<float>(task / tasks) * (right - left); };
  const auto to_y = [&](double offset) { return bottom - static_cast<float>(offset / arena) * size.y; };

  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const bool hovered = ImGui::IsItemHovered();
  const BufferLife* under = nullptr;
  for (size_t i = 0; i < model.lives.size(); ++i) {
    const BufferLife& life = model.lives[i];
    const ImVec2 a(to_x(life.first_task), to_y(static_cast<double>(life.offset + life.bytes)));
    const ImVec2 b(std::max(to_x(life.last_task + 1), a.x + 1.5f), std::max(to_y(static_cast<double>(life.offset)), a.y + 1.0f));
    const bool inside = hovered && mouse.x >= a.x && mouse.x < b.x && mouse.y >= a.y && mouse.y < b.y;
    if (inside) under = &life;
    list->AddRectFilled(a, b, colour(buffer_colour(view.theme, i), inside ? 1.0f : 0.75f), 2);
    list->AddRect(a, b, colour(view.theme.background), 2);
    const ImVec2 text = ImGui::CalcTextSize(life.name.c_str());
    if (b.x - a.x > text.x + 8 && b.y - a.y > text.y + 2)
      list->AddText({a.x + 4, (a.y + b.y - text.y) / 2}, text_on(buffer_colour(view.theme, i)), life.name.c_str());
  }
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  for (int i = 0; i <= 2; ++i) {
    const std::string text = short_bytes(arena * i / 2);
    const float y = i == 0 ? bottom - ImGui::GetTextLineHeight() : i == 2 ? from.y : to_y(arena * i / 2) - ImGui::GetTextLineHeight() / 2;
    list->AddText({left - 4 - ImGui::CalcTextSize(text.c_str()).x, y}, colour(view.theme.faint), text.c_str());
  }
  ImGui::PopFont();
  if (view.settings.task >= 0 && view.settings.task < static_cast<int>(model.tasks.size()))
    list->AddRect({to_x(view.settings.task), from.y}, {to_x(view.settings.task + 1), bottom}, colour(view.theme.accent), 0, 0, 1.5f);

  const int task = std::clamp(static_cast<int>((mouse.x - left) / (right - left) * static_cast<float>(tasks)), 0, static_cast<int>(tasks) - 1);
  if (hovered && mouse.x >= left && ImGui::IsMouseReleased(ImGuiMouseButton_Left)) commands.push(command::SelectTask{task});
  if (hovered && under && ImGui::BeginTooltip()) {
    ImGui::TextUnformatted(view.format(Str::BufferTooltip, under->name, short_bytes(static_cast<double>(under->bytes)), under->offset,
                                       model.tasks[static_cast<size_t>(std::clamp(under->first_task, 0, static_cast<int>(tasks) - 1))].name,
                                       model.tasks[static_cast<size_t>(std::clamp(under->last_task, 0, static_cast<int>(tasks) - 1))].name).c_str());
    ImGui::EndTooltip();
  }
}

}  // namespace npu::ui
