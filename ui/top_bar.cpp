// SPDX-License-Identifier: Apache-2.0
#include "ui/top_bar.h"

#include <utility>

#include "core/soc/soc.h"
#include "samples/catalog.h"
#include "ui/icons.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr int kThreadChoices[] = {1, 2, 4, 8, 16};

bool begin_choice(const View& view, const char* id, const std::string& shown, float width, Str help) {
  ImGui::SetNextItemWidth(width);
  const bool open = ImGui::BeginCombo(id, shown.c_str(), ImGuiComboFlags_HeightLarge);
  if (!open) tooltip(view.tr(help));
  return open;
}

void choose_model(const View& view, Commands& commands, float width) {
  const std::string own = view.now.model ? view.format(Str::OwnFile, view.now.model->name) : std::string();
  if (!begin_choice(view, "##sample", view.settings.sample.empty() ? own : sample_title(view, view.settings.sample), width, Str::SampleHelp)) return;
  for (const Sample& sample : samples())
    if (ImGui::Selectable(sample_title(view, sample.name).c_str(), sample.name == view.settings.sample))
      commands.push(command::ChooseSample{std::string(sample.name)});
  ImGui::EndCombo();
}

void choose_chip(const View& view, Commands& commands, float width) {
  if (!begin_choice(view, "##chip", view.settings.chip, width, Str::ChipHelp)) return;
  for (const Soc& soc : all_socs()) {
    if (ImGui::Selectable(std::string(soc.name).c_str(), soc.name == view.settings.chip)) commands.push(command::ChooseChip{std::string(soc.name)});
    tooltip(view.format(Str::ChipTooltip, soc.ai_cores, soc.cube_mhz, short_bytes(static_cast<double>(soc.l1)), short_bytes(static_cast<double>(soc.ub)), soc.ddr_gbps));
  }
  ImGui::EndCombo();
}

void choose_gear(const View& view, Commands& commands, const CompileInfo& compile, float width) {
  if (!begin_choice(view, "##gear", compile.gears[compile.gear], width, Str::GearHelp)) return;
  for (size_t i = 0; i < compile.gears.size(); ++i)
    if (ImGui::Selectable(compile.gears[i].c_str(), i == compile.gear)) commands.push(command::ChooseGear{i});
  ImGui::EndCombo();
}

void choose_threads(const View& view, Commands& commands, float width) {
  if (!begin_choice(view, "##threads", fmt::format("{}: {}", view.tr(Str::ThreadChoice), view.settings.threads), width, Str::ThreadHelp)) return;
  for (const int count : kThreadChoices)
    if (ImGui::Selectable(fmt::format("{}", count).c_str(), count == view.settings.threads)) commands.push(command::ChooseThreads{count});
  ImGui::EndCombo();
}

// What needs no value: an icon on wide windows, a line of the menu on narrow ones.
struct Action {
  const char* mark;
  const char* icon;
  Str name;
  Str help;
  ImGuiKeyChord keys;
  bool (*enabled)(const View&);
  Command (*command)(const View&);
};

bool always(const View&) { return true; }

constexpr Action kActions[] = {
    {"undo", icon::kUndo, Str::Undo, Str::UndoHelp, ImGuiMod_Ctrl | ImGuiKey_Z, [](const View& v) { return v.can_undo; },
     [](const View&) -> Command { return command::Undo{}; }},
    {"redo", icon::kRedo, Str::Redo, Str::RedoHelp, ImGuiMod_Ctrl | ImGuiKey_Y, [](const View& v) { return v.can_redo; },
     [](const View&) -> Command { return command::Redo{}; }},
    {"copy-link", icon::kShare, Str::CopyLink, Str::CopyLinkHelp, 0, always, [](const View&) -> Command { return command::CopyLink{}; }},
    {"export", icon::kDownload, Str::ExportSession, Str::ExportSessionHelp, 0, [](const View& v) { return v.exports_sessions; },
     [](const View&) -> Command { return command::ExportSession{}; }},
    {"save-report", icon::kFile, Str::SaveReport, Str::SaveReportHelp, 0, [](const View& v) { return v.now.compile && !v.now.busy(); },
     [](const View&) -> Command { return command::SaveReport{}; }},
    {"language", icon::kLanguage, Str::OtherLanguage, Str::LanguageHelp, 0, always,
     [](const View& v) -> Command { return command::ChooseLanguage{v.settings.language == Language::Chinese ? Language::English : Language::Chinese}; }},
    {"theme", icon::kDark, Str::OtherTheme, Str::ThemeHelp, 0, always,
     [](const View& v) -> Command { return command::ChooseTheme{!v.settings.dark}; }},
};

void listen(const View& view, Commands& commands) {
  for (const Action& action : kActions)
    if (action.keys && action.enabled(view) && ImGui::Shortcut(action.keys, ImGuiInputFlags_RouteGlobal)) commands.push(action.command(view));
}

void draw_icons(const View& view, Commands& commands) {
  const float size = ImGui::GetFrameHeight() + 6;
  const float width = static_cast<float>(std::size(kActions)) * (size + 2);
  ImGui::SameLine();
  if (const float space = ImGui::GetContentRegionAvail().x - width; space > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + space);
  for (const Action& action : kActions) {
    if (icon_button(view, action.icon, action.name, action.help, size, action.enabled(view))) commands.push(action.command(view));
    mark(view, action.mark);
    ImGui::SameLine(0, 2);
  }
  ImGui::NewLine();
}

void draw_menu(const View& view, Commands& commands) {
  ImGui::SameLine();
  if (icon_button(view, icon::kMore, Str::More, Str::MoreHelp, ImGui::GetFrameHeight())) ImGui::OpenPopup("more");
  if (!ImGui::BeginPopup("more")) return;
  choose_threads(view, commands, 160);
  if (ImGui::MenuItem(fmt::format("{}  {}", icon::kOpen, view.tr(Str::OpenFile)).c_str())) commands.push(command::OpenFile{});
  for (const Action& action : kActions)
    if (ImGui::MenuItem(fmt::format("{}  {}", action.icon, view.tr(action.name)).c_str(), nullptr, false, action.enabled(view)))
      commands.push(action.command(view));
  ImGui::EndPopup();
}

void draw_narrow(const View& view, Commands& commands) {
  const float space = ImGui::GetContentRegionAvail().x - ImGui::GetFrameHeight() - 16;
  choose_model(view, commands, space * 0.55f);
  ImGui::SameLine();
  choose_chip(view, commands, space * 0.45f);
  draw_menu(view, commands);
}

void draw_wide(const View& view, Commands& commands) {
  choose_model(view, commands, 190);
  ImGui::SameLine();
  choose_chip(view, commands, 124);
  ImGui::SameLine();
  choose_threads(view, commands, 108);
  ImGui::SameLine();
  if (small_button(view, fmt::format("{} {}", icon::kOpen, view.tr(Str::OpenFile)).c_str(), Str::OpenFileHelp)) commands.push(command::OpenFile{});
}

}  // namespace

std::string sample_title(const View& view, std::string_view name) {
  if (name == "defects") return view.tr(Str::SampleDefects);
  if (name == "digits") return view.tr(Str::SampleDigits);
  if (name == "defects_int8") return view.tr(Str::SampleDefectsInt8);
  static constexpr std::pair<std::string_view, const char*> kNames[] = {
      {"resnet50", "ResNet-50"}, {"resnet18", "ResNet-18"}, {"mobilenet_v2", "MobileNetV2"}, {"squeezenet1_1", "SqueezeNet 1.1"}};
  for (const auto& [sample, shown] : kNames)
    if (sample == name) return shown;
  return std::string(name);
}

void draw_top_bar(const View& view, Commands& commands) {
  listen(view, commands);
  view.compact ? draw_narrow(view, commands) : draw_wide(view, commands);
  if (const CompileInfo* compile = view.now.compile.get(); compile && !compile->gears.empty()) {
    if (!view.compact) ImGui::SameLine();
    choose_gear(view, commands, *compile, view.compact ? -1 : 140);
  }
  if (!view.compact) draw_icons(view, commands);
}

}  // namespace npu::ui
