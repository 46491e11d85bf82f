// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/icons.h"
#include "ui/panels/panels.h"
#include "ui/top_bar.h"
#include "ui/widgets.h"
#include "ui/workspace.h"

namespace npu::ui {
namespace {

constexpr float kWidest = 1000;
constexpr float kDoorHeight = 140, kNarrowDoorHeight = 112;

struct Door {
  const char* icon;
  Str title;
  Str text;
  void (*enter)(Commands&);
};
constexpr Door kDoors[] = {
    {icon::kRun, Str::HomeWatch, Str::HomeWatchText,
     [](Commands& commands) {
       commands.push(command::ChooseSample{"defects"});
       commands.push(command::ChooseTab{Tab::Overview});
     }},
    {icon::kOpen, Str::HomeOwn, Str::HomeOwnText, [](Commands& commands) { commands.push(command::OpenFile{}); }},
    {icon::kLearn, Str::LearnTitle, Str::HomeLearnText, [](Commands& commands) { commands.push(command::ChooseTab{Tab::Learn}); }},
};

void draw_door(const View& view, Commands& commands, const Door& door, ImVec2 size) {
  ImGui::PushID(&door);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const bool entered = ImGui::InvisibleButton("door", size);
  const bool lit = ImGui::IsItemHovered() || ImGui::IsItemFocused();
  ImGui::PopID();
  const Theme& theme = view.theme;
  ImDrawList& draw = *ImGui::GetWindowDrawList();
  const ImVec2 to{at.x + size.x, at.y + size.y};
  draw.AddRectFilled(at, to, colour(theme.raised, lit ? 1.0f : 0.55f), 10);
  draw.AddRect(at, to, colour(lit ? theme.accent : theme.border), 10);
  constexpr float kPad = 16, kIcon = 30, kTitle = 17;
  draw.AddText(theme.body, kIcon, {at.x + kPad, at.y + kPad - 6}, colour(theme.accent), door.icon);
  const float left = at.x + kPad + (view.compact ? kIcon + 12 : 0), top = at.y + kPad + (view.compact ? 0 : kIcon + 12);
  draw.AddText(theme.strong, kTitle, {left, top}, colour(theme.text), view.tr(door.title));
  draw.AddText(theme.body, theme.text_size - 1, {left, top + kTitle + 9}, colour(theme.faint), view.tr(door.text), nullptr, to.x - kPad - left);
  if (lit) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  if (entered) door.enter(commands);
}

// What the chip has just done, as a line that leads there.
void draw_now(const View& view, Commands& commands) {
  const Snapshot& now = view.now;
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  ImGui::TextUnformatted(view.tr(Str::HomeNow));
  ImGui::PopFont();
  if (!now.run || now.run->top.empty() || !now.profile || !now.compile) {
    wrapped_text(view, activity_text(view.settings.language, now.activity), true);
    return;
  }
  const Score& best = now.run->top.front();
  std::string answer = view.pick(best.label);
  if (answer.empty()) answer = view.format(Str::ClassNumber, best.index);
  const std::string name = view.settings.sample.empty() && now.model ? now.model->name : sample_title(view, view.settings.sample);
  wrapped_text(view, view.format(Str::HomeNowText, name, now.compile->chip, answer, short_us(now.profile->total_us),
                                 short_number(static_cast<double>(now.profile->instructions))), true);
  if (small_button(view, fmt::format("{} {}", icon::kOverview, view.tr(Str::Overview)).c_str(), Str::OverviewHelp))
    commands.push(command::ChooseTab{Tab::Overview});
}

}  // namespace

void HomePanel::draw(const View& view, Commands& commands) {
  const float width = std::min(kWidest, ImGui::GetContentRegionAvail().x);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + (ImGui::GetContentRegionAvail().x - width) / 2);
  if (!view.compact) ImGui::SetCursorPosY(std::max(ImGui::GetCursorPosY(), ImGui::GetContentRegionAvail().y * 0.14f));
  ImGui::BeginChild("home", {width, 0}, ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_NavFlattened);
  ImGui::PushFont(view.theme.strong, view.compact ? 24.0f : 32.0f);
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(view.tr(Str::HomeTitle));
  ImGui::PopTextWrapPos();
  ImGui::PopFont();
  ImGui::Spacing();
  wrapped_text(view, view.tr(Str::HomeIntro), true);
  ImGui::Dummy({0, 12});
  constexpr auto kCount = static_cast<float>(std::size(kDoors));
  const float gap = 12;
  const ImVec2 size = view.compact ? ImVec2(width, kNarrowDoorHeight) : ImVec2((width - gap * (kCount - 1)) / kCount, kDoorHeight);
  for (const Door& door : kDoors) {
    if (&door != kDoors && !view.compact) ImGui::SameLine(0, gap);
    draw_door(view, commands, door, size);
  }
  ImGui::Dummy({0, 16});
  draw_now(view, commands);
  ImGui::EndChild();
}

}  // namespace npu::ui
