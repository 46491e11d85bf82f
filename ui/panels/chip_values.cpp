// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ui/chip/describe.h"
#include "ui/chip/elements.h"
#include "ui/panels/chip_panel.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr VecType kTypes[] = {VecType::F16, VecType::BF16, VecType::F32, VecType::S8, VecType::U8, VecType::S32, VecType::S16, VecType::U16, VecType::S4};

// One page: a fractal where the buffer holds such, else as many rows of 32 bytes.
struct PageShape {
  int64_t bytes, columns;
};
PageShape page_of(Buffer buffer, VecType type) {
  if (buffer == Buffer::L0C) return {2 * kFractalBytes, 16};
  return {kFractalBytes, elements_in_block(type)};
}

}  // namespace

void ChipValues::draw(const View& view, Commands& commands, ChipScene& scene) {
  if (!scene.chosen) return placeholder(view, Str::ChipViewNoTile);
  const ChipLook chosen = *scene.chosen;
  if (!(shown_ == chosen)) shown_ = chosen, page_ = 0, type_ = -1;
  const ChipTile* tile = scene.moment().tile_at(chosen.buffer, chosen.begin);
  const VecType type = type_ >= 0 ? kTypes[type_] : tile ? tile->type : VecType::F16;
  const PageShape shape = page_of(chosen.buffer, type);
  const auto pages = static_cast<int>(std::max<int64_t>(1, (chosen.end - chosen.begin + shape.bytes - 1) / shape.bytes));
  page_ = std::clamp(page_, 0, pages - 1);
  const int64_t begin = chosen.begin + page_ * shape.bytes, end = std::min(chosen.end, begin + shape.bytes);
  scene.session->look(1, {chosen.buffer, begin, end});

  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  cut_text(fmt::format("{}  {}", range_text(chosen.buffer, chosen.begin, chosen.end), short_bytes(static_cast<double>(chosen.end - chosen.begin))));
  ImGui::PopFont();
  if (tile) {
    const std::string origin = origin_text(*scene.task, tile->origin, view.settings.language);
    wrapped_text(view, fmt::format("{} {}{}{}", tile->instruction, instr_info(tile->op).name, origin.empty() ? "" : "  \xe2\x86\x90  ", origin), true);
  }
  ImGui::SetNextItemWidth(84);
  if (ImGui::BeginCombo("##type", kVecTypeNames[static_cast<size_t>(type)].data())) {
    for (int i = 0; i < static_cast<int>(std::size(kTypes)); ++i)
      if (ImGui::Selectable(kVecTypeNames[static_cast<size_t>(kTypes[i])].data(), type == kTypes[i])) type_ = i;
    ImGui::EndCombo();
  }
  tooltip(view.tr(Str::ChipViewTypeHelp));
  mark(view, "chip-type", std::string(kVecTypeNames[static_cast<size_t>(type)]));
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::ChipViewBreakWrite), Str::ChipViewBreakWriteHelp)) {
    auto list = breakpoints_from_text(view.settings.chip_breaks);
    list.push_back({.kind = Breakpoint::Kind::Address, .buffer = chosen.buffer, .address = chosen.begin});
    commands.push(command::SetBreakpoints{to_text(list)});
  }
  if (pages > 1) {
    if (small_button(view, "\xe2\x86\x90##page", Str::PreviousTask, page_ > 0)) --page_;
    ImGui::SameLine(0, 4);
    ImGui::SetNextItemWidth(std::min(190.0f, ImGui::GetContentRegionAvail().x - 50));
    const bool fractals = chosen.buffer == Buffer::L0A || chosen.buffer == Buffer::L0B || chosen.buffer == Buffer::L0C;
    ImGui::SliderInt("##page", &page_, 0, pages - 1, view.format(fractals ? Str::ChipViewFractal : Str::ChipViewPage, page_ + 1, pages).c_str());
    ImGui::SameLine(0, 4);
    if (small_button(view, "\xe2\x86\x92##page", Str::NextTask, page_ + 1 < pages)) ++page_;
  }

  const auto& look = scene.state->looked[1];
  const std::vector<std::byte>& bytes = scene.state->seen[1];
  if (look.buffer != chosen.buffer || look.begin != begin || bytes.empty()) return;
  const int64_t count = element_count(static_cast<int64_t>(bytes.size()), type), rows = (count + shape.columns - 1) / shape.columns;
  double largest = 0;
  for (int64_t i = 0; i < count; ++i)
    if (const double value = std::abs(element_at(bytes, i, type)); std::isfinite(value)) largest = std::max(largest, value);
  // Numbers where a cell has room for them, scrolled sideways; colour always.
  const float text_room = 54, row_high = view.theme.small_size + 5;
  ImGui::BeginChild("matrix", {0, static_cast<float>(rows) * row_high + 14}, 0, ImGuiWindowFlags_HorizontalScrollbar);
  const ImVec2 from = ImGui::GetCursorScreenPos();
  const float cell = std::max(text_room, ImGui::GetContentRegionAvail().x / static_cast<float>(shape.columns));
  const ImVec2 size(cell * static_cast<float>(shape.columns), row_high * static_cast<float>(rows));
  ImGui::InvisibleButton("cells", size);
  auto* list = ImGui::GetWindowDrawList();
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const bool hovered = ImGui::IsItemHovered();
  ImGui::PushFont(view.theme.mono, view.theme.small_size - 2);
  for (int64_t i = 0; i < count; ++i) {
    const ImVec2 a(from.x + static_cast<float>(i % shape.columns) * cell, from.y + static_cast<float>(i / shape.columns) * row_high), b(a.x + cell - 1, a.y + row_high - 1);
    const double value = element_at(bytes, i, type);
    const ImU32 fill = heat_colour(view, value, largest);
    list->AddRectFilled(a, b, fill);
    const std::string text = element_text(value, type);
    const ImVec4 clip(a.x, a.y, b.x, b.y);
    list->AddText(nullptr, 0, {a.x + 2, a.y + 2}, text_on(ImGui::ColorConvertU32ToFloat4(fill)), text.c_str(), nullptr, 0, &clip);
    if (hovered && mouse.x >= a.x && mouse.x < a.x + cell && mouse.y >= a.y && mouse.y < a.y + row_high && ImGui::BeginTooltip()) {
      const int64_t address = begin + i * (type == VecType::S4 ? 1 : vec_type_size(type)) / (type == VecType::S4 ? 2 : 1);
      ImGui::TextUnformatted(view.format(Str::ChipViewCell, i / shape.columns, i % shape.columns, value, static_cast<uint64_t>(address)).c_str());
      ImGui::EndTooltip();
    }
  }
  ImGui::PopFont();
  ImGui::EndChild();
  mark(view, "chip-values", element_text(count > 0 ? element_at(bytes, 0, type) : 0, type));
  wrapped_text(view, layout_text(chosen.buffer, type, view.settings.language), true);
}

}  // namespace npu::ui
