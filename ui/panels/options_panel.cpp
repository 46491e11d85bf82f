// SPDX-License-Identifier: Apache-2.0
#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <cctype>
#include <ranges>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr size_t kShownAtFirst = 12;  // options without a search
constexpr std::string_view kLineBreak = " \\\n    ";  // between words: no line of the field is wider than it
constexpr const char* kDefault = "\xe2\x80\x93";

bool has_choices(const atc::OptionInfo& option) { return option.values.find('|') != std::string_view::npos && option.values.find(':') == std::string_view::npos && option.values.find(';') == std::string_view::npos; }
bool is_file(const atc::OptionInfo& option) { return option.values == "FILE"; }

bool matches(const atc::OptionInfo& option, const std::string& filter) {
  const auto has = [&](std::string_view text) {
    return !std::ranges::search(text, filter, [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); }).empty();
  };
  return has(option.name) || has(option.help) || has(option.values);
}

// What the page would call atc with, also while nothing compiles.
std::string current_line(const View& view) {
  if (view.now.compile && !view.now.compile->arguments.empty() && !view.now.busy()) return command_text(view.now.compile->arguments, kLineBreak);
  AtcModel model;
  if (view.now.model) model.name = view.now.model->name;
  return command_text(atc_arguments(view.settings.atc, view.settings.chip, view.settings.disabled_passes, model), kLineBreak);
}

// An image of bytes of the size the first input has now, scaled to 0..1.
std::string aipp_example(const View& view) {
  int64_t channels = 3, height = 224, width = 224;
  if (view.now.compile && view.now.compile->model && !view.now.compile->model->inputs.empty())
    if (const Shape& shape = view.now.compile->model->inputs[0].shape; shape.size() == 4) channels = shape[1], height = shape[2], width = shape[3];
  std::string text = fmt::format("aipp_op {{\n  aipp_mode: static\n  input_format: {}\n  src_image_size_w: {}\n  src_image_size_h: {}\n", channels == 1 ? "YUV400_U8" : "RGB888_U8", width, height);
  for (int64_t c = 0; c < std::min<int64_t>(channels, 3); ++c) text += fmt::format("  min_chn_{}: 0\n  var_reci_chn_{}: 0.00392157\n", c, c);
  return text + "}\n";
}

}  // namespace

void OptionsPanel::draw(const View& view, Commands& commands) {
  ImGui::BeginChild("options", {0, 0}, ImGuiChildFlags_NavFlattened);
  wrapped_text(view, view.tr(Str::OptionsText), true);
  draw_command(view, commands);
  if (view.now.compile)
    for (const std::string& warning : view.now.compile->warnings) {
      ImGui::PushStyleColor(ImGuiCol_Text, view.theme.warn);
      wrapped_text(view, warning);
      ImGui::PopStyleColor();
    }
  ImGui::Spacing();
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##filter", view.tr(Str::OptionsFilter), &filter_);
  size_t shown = 0, hidden = 0;
  for (const atc::OptionInfo* option : form_options()) {
    const bool given = view.settings.atc.options.contains(option->name);
    const bool visible = filter_.empty() ? given || shown < kShownAtFirst : matches(*option, filter_);
    shown += visible, hidden += !visible;
    if (visible) draw_option(view, commands, *option);
  }
  if (filter_.empty()) wrapped_text(view, view.format(Str::OptionsMore, hidden), true);
  ImGui::EndChild();
}

void OptionsPanel::draw_command(const View& view, Commands& commands) {
  const std::string now = current_line(view);
  if (shown_line_ != now) line_ = shown_line_ = now, line_error_.reset();
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  const auto lines = static_cast<float>(std::clamp<std::ptrdiff_t>(std::ranges::count(line_, '\n') + 1, 4, 10)) + 0.7f;
  ImGui::InputTextMultiline("##line", &line_, {-1, ImGui::GetTextLineHeight() * lines});
  ImGui::PopFont();
  tooltip(view.tr(Str::CommandHelp));
  if (small_button(view, view.tr(Str::CommandApply), Str::CommandApplyHelp, line_ != shown_line_)) {
    if (auto command = parse_command(line_)) {
      line_error_.reset();
      shown_line_.clear();
      commands.push(command::SetCommand{std::move(*command)});
    } else {
      line_error_ = command.error();
    }
  }
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::CommandCopy), Str::CommandCopyHelp)) commands.push(command::Copy{line_});
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::CommandReset), Str::CommandResetHelp, !view.settings.atc.empty())) {
    edited_.clear();
    commands.push(command::SetOptions{});
  }
  if (!line_error_) return;
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.bad);
  wrapped_text(view, fmt::format("{}: {}", line_error_->code, line_error_->text));
  ImGui::PopStyleColor();
}

void OptionsPanel::draw_option(const View& view, Commands& commands, const atc::OptionInfo& option) {
  const std::string name(option.name);
  const auto given = view.settings.atc.options.find(option.name);
  const bool is_given = given != view.settings.atc.options.end();
  const auto set = [&](const std::string& value) {
    AtcSettings wanted = view.settings.atc;
    value.empty() ? void(wanted.options.erase(name)) : void(wanted.options[name] = value);
    commands.push(command::SetOptions{std::move(wanted)});
  };
  ImGui::PushID(name.c_str());
  ImGui::PushStyleColor(ImGuiCol_Text, is_given ? view.theme.accent : option.effect == atc::OptionEffect::Ignored ? view.theme.faint : view.theme.text);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(("--" + name).c_str());
  ImGui::PopStyleColor();
  tooltip(option.effect == atc::OptionEffect::Ignored ? view.format(Str::OptionIgnored, option.help) : std::string(option.help));
  const float wide = ImGui::GetContentRegionAvail().x, label = 220;
  if (wide > 460) ImGui::SameLine(label);
  ImGui::SetNextItemWidth(wide > 460 ? wide - label - 34 : wide - 34);
  if (has_choices(option)) {
    const std::string shown = is_given ? given->second : option.fallback.empty() ? std::string(kDefault) : fmt::format("{} ({})", option.fallback, view.tr(Str::OptionDefault));
    if (ImGui::BeginCombo("##value", shown.c_str())) {
      for (const auto& value : std::views::split(option.values, '|')) {
        const std::string text(value.begin(), value.end());
        if (ImGui::Selectable(text.c_str(), is_given && given->second == text)) set(text == option.fallback ? "" : text);
      }
      ImGui::EndCombo();
    }
  } else {
    const std::string now = is_given ? given->second : std::string();
    auto [typed, fresh] = edited_.try_emplace(name, now);
    ImGui::InputTextWithHint("##value", std::string(option.values).c_str(), &typed->second);
    if (ImGui::IsItemDeactivatedAfterEdit() && typed->second != now) set(typed->second);
    if (!ImGui::IsItemActive()) edited_.erase(typed);
  }
  ImGui::SameLine(0, 4);
  if (small_button(view, "\xc3\x97", Str::OptionClearHelp, is_given)) set("");
  if (is_file(option) && is_given) draw_file(view, commands, given->second);
  if (is_file(option) && !is_given && name == "insert_op_conf") {
    if (small_button(view, view.tr(Str::AippExample), Str::AippExampleHelp)) {
      AtcSettings wanted = view.settings.atc;
      wanted.options[name] = "aipp.cfg";
      wanted.files["aipp.cfg"] = aipp_example(view);
      commands.push(command::SetOptions{std::move(wanted)});
    }
  }
  ImGui::PopID();
}

void OptionsPanel::draw_file(const View& view, Commands& commands, const std::string& name) {
  const auto found = view.settings.atc.files.find(name);
  const std::string now = found == view.settings.atc.files.end() ? std::string() : found->second;
  wrapped_text(view, found == view.settings.atc.files.end() ? view.format(Str::OptionFileMissing, name) : view.format(Str::OptionFile, name), true);
  auto [typed, fresh] = edited_.try_emplace("file " + name, now);
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  ImGui::InputTextMultiline("##file", &typed->second, {-1, ImGui::GetTextLineHeight() * 9});
  const bool done = ImGui::IsItemDeactivatedAfterEdit(), active = ImGui::IsItemActive();
  ImGui::PopFont();
  if (done && typed->second != now) {
    AtcSettings wanted = view.settings.atc;
    wanted.files[name] = typed->second;
    commands.push(command::SetOptions{std::move(wanted)});
  }
  if (!active) edited_.erase(typed);
}

}  // namespace npu::ui
