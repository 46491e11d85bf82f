// SPDX-License-Identifier: Apache-2.0
#include "ui/rail.h"

#include "ui/icons.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

struct Room {
  Tab tab;
  const char* mark;
  const char* icon;
  Str name;
  Str help;
};
constexpr Room kRooms[] = {{Tab::Home, "room-home", icon::kHome, Str::Home, Str::HomeHelp},
                           {Tab::Overview, "room-overview", icon::kOverview, Str::Overview, Str::OverviewHelp},
                           {Tab::Model, "room-model", icon::kModel, Str::Model, Str::ModelHelp},
                           {Tab::Compile, "room-compile", icon::kCompile, Str::Compile, Str::CompileHelp},
                           {Tab::Run, "room-run", icon::kRun, Str::Run, Str::RunHelp},
                           {Tab::Chip, "room-chip", icon::kChip, Str::ChipRoom, Str::ChipRoomHelp},
                           {Tab::Profile, "room-profile", icon::kProfile, Str::Profile, Str::ProfileHelp},
                           {Tab::Learn, "room-learn", icon::kLearn, Str::LearnTitle, Str::LearnHelp}};

// No room of its own: a drawer below them.
constexpr Room kTerminal{Tab::Home, "room-terminal", icon::kTerminal, Str::TerminalTitle, Str::TerminalHelp};

constexpr float kIcon = 20, kName = 11.5f;
constexpr float kHigh = 52;

// The icon with the name below it, both in the middle.
bool room_button(const View& view, const Room& room, ImVec2 size, bool chosen) {
  ImGui::PushID(room.icon);
  const bool pressed = ImGui::InvisibleButton("room", size);
  const bool hovered = ImGui::IsItemHovered() || ImGui::IsItemFocused();
  ImGui::PopID();
  const ImVec2 from = ImGui::GetItemRectMin(), to = ImGui::GetItemRectMax();
  ImDrawList& draw = *ImGui::GetWindowDrawList();
  if (chosen || hovered) draw.AddRectFilled({from.x + 4, from.y + 2}, {to.x - 4, to.y - 2}, colour(view.theme.accent, chosen ? 0.18f : 0.08f), 8);
  const ImU32 ink = colour(chosen ? view.theme.accent : view.theme.text, chosen || hovered ? 1.0f : 0.72f);
  const auto centred = [&](ImFont* font, float height, float y, const char* text) {
    const float width = font->CalcTextSizeA(height, 1000, 0, text).x;
    draw.AddText(font, height, {from.x + (size.x - width) / 2, y}, ink, text);
  };
  centred(view.theme.body, kIcon, from.y + 4, room.icon);
  centred(chosen ? view.theme.strong : view.theme.body, kName, from.y + size.y - kName - 9, view.tr(room.name));
  mark(view, room.mark);
  tooltip(view.tr(room.help));
  return pressed;
}

}  // namespace

Tab shown_tab(const View& view) { return view.compact && view.settings.tab == Tab::Overview ? Tab::Run : view.settings.tab; }

void draw_rail(const View& view, Commands& commands) {
  const Tab now = shown_tab(view);
  const size_t buttons = std::size(kRooms) + (view.compact ? 0 : 1);  // narrow: no overview, but the terminal
  const ImVec2 size = view.compact ? ImVec2(ImGui::GetContentRegionAvail().x / static_cast<float>(buttons), kRailHeight)
                                   : ImVec2(kRailWidth, kHigh);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 2});
  ImGui::BeginGroup();
  for (const Room& room : kRooms) {
    if (view.compact && room.tab == Tab::Overview) continue;
    if (room_button(view, room, size, room.tab == now && !(view.compact && view.settings.terminal))) {
      commands.push(command::ChooseTab{room.tab});
      if (view.compact) commands.push(command::ShowTerminal{false});
    }
    if (view.compact) ImGui::SameLine(0, 0);
  }
  if (!view.compact) ImGui::Dummy({0, kHigh / 4});
  if (room_button(view, kTerminal, size, view.settings.terminal)) commands.push(command::ShowTerminal{!view.settings.terminal});
  ImGui::EndGroup();
  ImGui::PopStyleVar();
}

}  // namespace npu::ui
