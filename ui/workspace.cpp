// SPDX-License-Identifier: Apache-2.0
#include "ui/workspace.h"

#include <algorithm>

#include "ui/rail.h"
#include "ui/splitter.h"
#include "ui/top_bar.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr Tab kColumnsOrder[] = {Tab::Model, Tab::Compile, Tab::Run, Tab::Profile};
constexpr float kSmallestColumn = 170;
constexpr float kSmallestDrawer = 150;
constexpr float kLessonWidth = 380;   // of the column beside the rooms
constexpr float kLessonSheet = 0.45f;  // of the height, where the window is narrow

void begin_card(const View& view, const char* id, ImVec2 size) {
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.surface);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {12, 10});
  ImGui::BeginChild(id, size, ImGuiChildFlags_Borders | ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
}

// A thin line: progress while working, the error after a failure.
void draw_status(const View& view, Commands& commands) {
  if (view.now.busy()) {
    const Activity& activity = view.now.activity;
    const float fraction = activity.total ? static_cast<float>(activity.done) / static_cast<float>(activity.total) : 0.0f;
    const std::string text = activity_text(view.settings.language, activity);
    ImGui::PushStyleColor(ImGuiCol_FrameBg, view.theme.raised);
    ImGui::PushStyleColor(ImGuiCol_PlotHistogram, ImVec4(view.theme.accent.x, view.theme.accent.y, view.theme.accent.z, 0.45f));
    const float stop = ImGui::CalcTextSize(view.tr(Str::Cancel)).x + ImGui::GetStyle().FramePadding.x * 2 + 8;
    ImGui::ProgressBar(fraction, {ImGui::GetContentRegionAvail().x - stop, 0}, text.c_str());
    ImGui::PopStyleColor(2);
    ImGui::SameLine();
    if (small_button(view, view.tr(Str::Cancel), Str::CancelHelp)) commands.push(command::Cancel{});
  }
  if (!view.now.error) return;
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ImVec4(view.theme.bad.x, view.theme.bad.y, view.theme.bad.z, 0.18f));
  ImGui::BeginChild("error", {0, 0}, ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysUseWindowPadding | ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleColor();
  const float close = ImGui::CalcTextSize(view.tr(Str::Dismiss)).x + ImGui::GetStyle().FramePadding.x * 2;
  ImGui::PushTextWrapPos(ImGui::GetContentRegionAvail().x - close - 8);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(error_text(view.settings.language, *view.now.error).c_str());
  ImGui::PopTextWrapPos();
  ImGui::SameLine(ImGui::GetWindowWidth() - close - ImGui::GetStyle().WindowPadding.x);
  if (ImGui::Button(view.tr(Str::Dismiss))) commands.push(command::DismissError{});
  ImGui::EndChild();
}

}  // namespace

std::string activity_text(Language language, const Activity& activity) {
  switch (activity.stage) {
    case Stage::Idle: return tr(language, Str::StateReady);
    case Stage::Loading: return format(language, Str::StateLoading, activity.what);
    case Stage::Quantizing: return format(language, Str::StateQuantizing, activity.what);
    case Stage::Compiling: return format(language, Str::StateCompiling, activity.what);
    case Stage::Timing: return format(language, Str::StateTiming, activity.what);
    case Stage::Evaluating: return format(language, Str::StateEvaluating, activity.what);
    case Stage::Running: return format(language, Str::StateRunning, activity.what);
  }
  return {};
}

std::string error_text(Language language, const Error& error) {
  static constexpr Str kKinds[] = {Str::ErrorInvalidModel,      Str::ErrorUnsupportedModel,  Str::ErrorCompileLimit, Str::ErrorInvalidProgram,
                                   Str::ErrorUninitializedRead, Str::ErrorDeviceFault,       Str::ErrorInvalidArgument, Str::ErrorCancelled};
  const auto kind = static_cast<size_t>(error.kind);
  std::string text = kind < std::size(kKinds) ? tr(language, kKinds[kind]) : "";
  if (!error.where.empty()) text += ": " + error.where;
  return text + ": " + error.what;
}

void Workspace::draw(const View& view, Commands& commands) {
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(viewport->WorkPos);
  ImGui::SetNextWindowSize(viewport->WorkSize);
  ImGui::Begin("workspace", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                   ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoScrollWithMouse);
  if (view.compact) {
    ImGui::BeginChild("body", {0, -kRailHeight}, ImGuiChildFlags_NavFlattened);
    draw_body(view, commands);
    ImGui::EndChild();
    draw_rail(view, commands);
  } else {
    draw_rail(view, commands);
    ImGui::SameLine(0, kGap);
    ImGui::BeginChild("body", {0, 0}, ImGuiChildFlags_NavFlattened);
    draw_body(view, commands);
    ImGui::EndChild();
  }
  ImGui::End();
}

void Workspace::draw_body(const View& view, Commands& commands) {
  if (ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiKey_GraveAccent)) commands.push(command::ShowTerminal{!view.settings.terminal});
  draw_top_bar(view, commands);
  draw_status(view, commands);
  if (view.settings.lesson.empty()) return draw_rooms(view, commands);
  // The lesson stays beside the rooms, so that its steps are done in them: a column at the right, or a sheet at the bottom.
  const ImVec2 all = ImGui::GetContentRegionAvail();
  ImGui::BeginChild("rooms", view.compact ? ImVec2(0, all.y * (1 - kLessonSheet)) : ImVec2(all.x - kLessonWidth - kGap, 0), ImGuiChildFlags_NavFlattened);
  draw_rooms(view, commands);
  ImGui::EndChild();
  if (!view.compact) ImGui::SameLine(0, kGap);
  begin_card(view, "lesson", {0, 0});
  lesson_.draw(view, commands);
  ImGui::EndChild();
}

// The room, and the terminal in a drawer below it.
void Workspace::draw_rooms(const View& view, Commands& commands) {
  const bool drawer = view.settings.terminal && view.terminal;
  const bool room = !drawer || !view.compact;  // a narrow window has no place for both
  const float space = ImGui::GetContentRegionAvail().y;
  drawer_ = std::clamp(drawer_, std::min(kSmallestDrawer, space / 2), std::max(kSmallestDrawer, space - kSmallestDrawer));
  if (room) {
    ImGui::BeginChild("above", {0, drawer ? space - drawer_ - kGap : 0}, ImGuiChildFlags_NavFlattened);
    const Tab tab = shown_tab(view);
    if (tab == Tab::Overview) {
      draw_overview(view, commands);
    } else {
      begin_card(view, "room", {0, 0});
      draw_room(tab, view, commands);
      ImGui::EndChild();
    }
    ImGui::EndChild();
  }
  if (drawer) draw_drawer(view, commands);
}

void Workspace::draw_drawer(const View& view, Commands& commands) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
  if (!view.compact) drawer_ -= drag_border("drawer", false, ImGui::GetContentRegionAvail().x);
  ImGui::PopStyleVar();
  begin_card(view, "terminal", {0, 0});
  terminal_.draw(view, commands);
  ImGui::EndChild();
}

void Workspace::draw_room(Tab tab, const View& view, Commands& commands) {
  switch (tab) {
    case Tab::Home: return home_.draw(view, commands);
    case Tab::Model: return model_.draw(view, commands);
    case Tab::Compile: return compile_.draw(view, commands);
    case Tab::Run: return run_.draw(view, commands);
    case Tab::Chip: return chip_.draw(view, commands);
    case Tab::Profile: return profile_.draw(view, commands);
    case Tab::Learn: return learn_.draw(view, commands);
    case Tab::Overview: return;
  }
}

void Workspace::draw_overview(const View& view, Commands& commands) {
  const float total = ImGui::GetContentRegionAvail().x - kGap * 3;
  const float height = ImGui::GetContentRegionAvail().y;
  for (size_t i = 0; i < std::size(kColumnsOrder); ++i) {
    if (i > 0) ImGui::SameLine(0, 0);
    ImGui::PushID(static_cast<int>(i));
    begin_card(view, "column", {std::max(kSmallestColumn, shares_[i] * total), height});
    draw_room(kColumnsOrder[i], view, commands);
    ImGui::EndChild();
    if (i + 1 < std::size(kColumnsOrder)) {
      ImGui::SameLine(0, 0);
      const float least = kSmallestColumn / total;
      const float wanted = drag_border("border", true, height) / total;
      const float move = std::clamp(wanted, std::min(0.0f, least - shares_[i]), std::max(0.0f, shares_[i + 1] - least));
      shares_[i] += move;
      shares_[i + 1] -= move;
    }
    ImGui::PopID();
  }
}

}  // namespace npu::ui
