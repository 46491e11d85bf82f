// SPDX-License-Identifier: Apache-2.0
#include "ui/workspace.h"

#include <algorithm>

#include "core/soc/soc.h"
#include "samples/catalog.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

struct TabRow {
  Tab tab;
  Str name;
  Str help;
};
constexpr TabRow kTabs[] = {{Tab::Overview, Str::Overview, Str::OverviewHelp},
                            {Tab::Model, Str::Model, Str::ModelHelp},
                            {Tab::Compile, Str::Compile, Str::CompileHelp},
                            {Tab::Run, Str::Run, Str::RunHelp},
                            {Tab::Profile, Str::Profile, Str::ProfileHelp}};
constexpr Tab kColumnsOrder[] = {Tab::Model, Tab::Compile, Tab::Run, Tab::Profile};

constexpr int kThreadChoices[] = {1, 2, 4, 8, 16};
constexpr float kSmallestColumn = 170;
constexpr float kGap = 8;

// Titles of built samples are their names; those of trained ones are in their file, known once it is loaded.
std::string sample_title(const View& view, std::string_view name) {
  static constexpr struct {
    std::string_view name;
    const char* en;
    const char* zh;
  } kTitles[] = {{"defects", "Surface defects", "表面缺陷"},       {"digits", "Handwritten digits", "手写数字"},
                 {"resnet50", "ResNet-50", "ResNet-50"},           {"resnet18", "ResNet-18", "ResNet-18"},
                 {"mobilenet_v2", "MobileNetV2", "MobileNetV2"},   {"squeezenet1_1", "SqueezeNet 1.1", "SqueezeNet 1.1"}};
  for (const auto& row : kTitles)
    if (row.name == name) return view.settings.language == Language::Chinese ? row.zh : row.en;
  return std::string(name);
}

bool begin_choice(const View& view, const char* id, const std::string& shown, float width, Str help) {
  ImGui::SetNextItemWidth(width);
  const bool open = ImGui::BeginCombo(id, shown.c_str(), ImGuiComboFlags_HeightLarge);
  if (!open) tooltip(view.tr(help));
  return open;
}

void begin_card(const View& view, const char* id, ImVec2 size) {
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.surface);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {12, 10});
  ImGui::BeginChild(id, size, ImGuiChildFlags_Borders | ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
}

}  // namespace

std::string activity_text(Language language, const Activity& activity) {
  switch (activity.stage) {
    case Stage::Idle: return tr(language, Str::StateReady);
    case Stage::Loading: return format(language, Str::StateLoading, activity.what);
    case Stage::Compiling: return format(language, Str::StateCompiling, activity.what);
    case Stage::Timing: return format(language, Str::StateTiming, activity.what);
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
  draw_top_bar(view, commands);
  draw_status(view, commands);
  const Tab tab = view.compact && view.settings.tab == Tab::Overview ? Tab::Run : view.settings.tab;
  if (tab == Tab::Overview) {
    draw_overview(view, commands);
  } else {
    begin_card(view, "panel", {0, 0});
    draw_panel(tab, view, commands);
    ImGui::EndChild();
  }
  ImGui::End();
}

void Workspace::draw_panel(Tab tab, const View& view, Commands& commands) {
  switch (tab) {
    case Tab::Model: return model_.draw(view, commands);
    case Tab::Compile: return compile_.draw(view, commands);
    case Tab::Run: return run_.draw(view, commands);
    case Tab::Profile: return profile_.draw(view, commands);
    case Tab::Overview: return;
  }
}

void Workspace::draw_top_bar(const View& view, Commands& commands) {
  if (!view.compact) {
    ImGui::AlignTextToFramePadding();
    ImGui::PushFont(view.theme.strong, view.theme.text_size + 2);
    ImGui::TextUnformatted(view.tr(Str::AppTitle));
    ImGui::PopFont();
    tooltip(view.tr(Str::AppHelp));
    ImGui::SameLine(0, 16);
    draw_tabs(view, commands);
    ImGui::SameLine(0, 16);
  }
  draw_choices(view, commands);
  if (view.compact) draw_tabs(view, commands);
}

void Workspace::draw_tabs(const View& view, Commands& commands) {
  const Tab now = view.compact && view.settings.tab == Tab::Overview ? Tab::Run : view.settings.tab;
  const size_t first = view.compact ? 1 : 0;
  const float space = ImGui::GetContentRegionAvail().x;
  for (size_t i = first; i < std::size(kTabs); ++i) {
    const TabRow& row = kTabs[i];
    if (i > first) ImGui::SameLine(0, 4);
    const bool chosen = row.tab == now;
    ImGui::PushStyleColor(ImGuiCol_Button, chosen ? view.theme.accent : ImVec4(0, 0, 0, 0));
    ImGui::PushStyleColor(ImGuiCol_Text, chosen ? view.theme.on_accent : view.theme.text);
    ImGui::PushID(static_cast<int>(i));
    const float width = view.compact ? (space - 12) / 4 : 0;
    if (ImGui::Button(view.tr(row.name), {width, 0})) commands.push(command::ChooseTab{row.tab});
    ImGui::PopID();
    ImGui::PopStyleColor(2);
    if (!view.compact) tooltip(view.tr(row.help));
  }
}

void Workspace::draw_choices(const View& view, Commands& commands) {
  const float space = ImGui::GetContentRegionAvail().x;
  const float wide = view.compact ? (space - 8) / 2 : 150;
  const std::string own = view.now.model ? view.format(Str::OwnFile, view.now.model->name) : std::string();
  if (begin_choice(view, "##sample", view.settings.sample.empty() ? own : sample_title(view, view.settings.sample), wide, Str::SampleHelp)) {
    for (const Sample& sample : samples())
      if (ImGui::Selectable(sample_title(view, sample.name).c_str(), sample.name == view.settings.sample))
        commands.push(command::ChooseSample{std::string(sample.name)});
    ImGui::EndCombo();
  }
  ImGui::SameLine();
  if (begin_choice(view, "##chip", view.settings.chip, view.compact ? -1 : 124, Str::ChipHelp)) {
    for (const Soc& soc : all_socs()) {
      if (ImGui::Selectable(std::string(soc.name).c_str(), soc.name == view.settings.chip)) commands.push(command::ChooseChip{std::string(soc.name)});
      tooltip(view.format(Str::ChipTooltip, soc.ai_cores, soc.cube_mhz, short_bytes(static_cast<double>(soc.l1)), short_bytes(static_cast<double>(soc.ub)), soc.ddr_gbps));
    }
    ImGui::EndCombo();
  }
  if (const CompileInfo* compile = view.now.compile.get(); compile && !compile->gears.empty()) {
    if (!view.compact) ImGui::SameLine();
    if (begin_choice(view, "##gear", compile->gears[compile->gear], view.compact ? -1 : 140, Str::GearHelp)) {
      for (size_t i = 0; i < compile->gears.size(); ++i)
        if (ImGui::Selectable(compile->gears[i].c_str(), i == compile->gear)) commands.push(command::ChooseGear{i});
      ImGui::EndCombo();
    }
  }
  if (!view.compact) ImGui::SameLine();
  if (begin_choice(view, "##threads", fmt::format("{}: {}", view.tr(Str::ThreadChoice), view.settings.threads), view.compact ? 124 : 108, Str::ThreadHelp)) {
    for (const int count : kThreadChoices)
      if (ImGui::Selectable(fmt::format("{}", count).c_str(), count == view.settings.threads)) commands.push(command::ChooseThreads{count});
    ImGui::EndCombo();
  }
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::OpenFile), Str::OpenFileHelp)) commands.push(command::OpenFile{});
  const char* other_theme = view.tr(view.settings.dark ? Str::Light : Str::Dark);
  const char* other_language = view.tr(Str::OtherLanguage);
  const float padding = ImGui::GetStyle().FramePadding.x * 4 + ImGui::GetStyle().ItemSpacing.x + 4;
  const float width = ImGui::CalcTextSize(other_theme).x + ImGui::CalcTextSize(other_language).x + padding;
  ImGui::SameLine();
  if (ImGui::GetContentRegionAvail().x > width) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - width);
  if (small_button(view, other_language, Str::LanguageHelp))
    commands.push(command::ChooseLanguage{view.settings.language == Language::Chinese ? Language::English : Language::Chinese});
  ImGui::SameLine(0, 4);
  if (small_button(view, other_theme, Str::ThemeHelp)) commands.push(command::ChooseTheme{!view.settings.dark});
}

// A thin line: progress while working, the error after a failure.
void Workspace::draw_status(const View& view, Commands& commands) {
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

void Workspace::draw_overview(const View& view, Commands& commands) {
  const float total = ImGui::GetContentRegionAvail().x - kGap * 3;
  const float height = ImGui::GetContentRegionAvail().y;
  for (size_t i = 0; i < std::size(kColumnsOrder); ++i) {
    if (i > 0) ImGui::SameLine(0, 0);
    const std::string id = fmt::format("column{}", i);
    begin_card(view, id.c_str(), {std::max(kSmallestColumn, shares_[i] * total), height});
    draw_panel(kColumnsOrder[i], view, commands);
    ImGui::EndChild();
    if (i + 1 == std::size(kColumnsOrder)) break;
    // The gap between two columns moves their border.
    ImGui::SameLine(0, 0);
    ImGui::PushID(static_cast<int>(i));
    ImGui::InvisibleButton("border", {kGap, height});
    ImGui::PopID();
    if (ImGui::IsItemHovered() || ImGui::IsItemActive()) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
    if (ImGui::IsItemActive()) {
      const float least = kSmallestColumn / total;
      const float move = std::clamp(ImGui::GetIO().MouseDelta.x / total, least - shares_[i], shares_[i + 1] - least);
      shares_[i] += move;
      shares_[i + 1] -= move;
    }
  }
}

}  // namespace npu::ui
