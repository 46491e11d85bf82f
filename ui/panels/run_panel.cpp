// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kPicture = 224;      // CSS pixels
constexpr float kWidePicture = 380;  // where there is room

struct Preset {
  Str name;
  std::vector<float> mean, deviation;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> kPresets{
      {Str::PresetImageNet, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}},
      {Str::PresetUnit, {0.0f, 0.0f, 0.0f}, {1.0f, 1.0f, 1.0f}},
      {Str::PresetSigned, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}},
      {Str::PresetBytes, {0.0f, 0.0f, 0.0f}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}},
  };
  return kPresets;
}

void cell_name(const View&, const OutputRow& row) { cut_text(row.name); }
void cell_type(const View& view, const OutputRow& row) {
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  cut_text(row.type);
  ImGui::PopFont();
}
void cell_range(const View&, const OutputRow& row) { cut_text(fmt::format("{:.4g} .. {:.4g}", row.min, row.max)); }

constexpr Column<OutputRow> kColumns[] = {{Str::ColName, Str::ColNameHelp, 0, cell_name},
                                          {Str::ColOutput, Str::ColOutputHelp, 0, cell_type},
                                          {Str::ColRange, Str::ColRangeHelp, 0, cell_range}};
constexpr Column<OutputRow> kNarrowColumns[] = {{Str::ColName, Str::ColNameHelp, 62, cell_name}, kColumns[2]};

}  // namespace

void RunPanel::draw(const View& view, Commands& commands) {
  title(view, Str::Run, Str::RunHelp);
  const float width = ImGui::GetContentRegionAvail().x;
  const bool beside = width > 620;
  if (beside) {
    ImGui::BeginChild("picture_side", {kWidePicture + 20, 0});
    draw_picture(view, commands, kWidePicture);
    ImGui::EndChild();
    ImGui::SameLine();
    ImGui::BeginChild("answer_side", {0, 0});
  } else {
    draw_picture(view, commands, width);
  }
  if (view.now.run) {
    draw_answer(view, *view.now.run);
  } else {
    placeholder(view, Str::RunEmpty);
  }
  draw_preprocess(view, commands);
  if (beside) ImGui::EndChild();
}

void RunPanel::draw_picture(const View& view, Commands& commands, float width) {
  const Picture* picture = view.now.picture.get();
  const float room = width >= kWidePicture ? kWidePicture : std::max(96.0f, ImGui::GetContentRegionAvail().y * 0.32f);
  const float side = std::min({width, width >= kWidePicture ? kWidePicture : kPicture, room});
  if (picture && view.picture != 0) {
    const float scale = side / static_cast<float>(std::max(picture->image.width, picture->image.height));
    const ImVec2 size(static_cast<float>(picture->image.width) * scale, static_cast<float>(picture->image.height) * scale);
    ImGui::Image(view.picture, size);
    tooltip(fmt::format("{}\n{} x {}", picture->name, picture->image.width, picture->image.height));
    const SampleInfo* sample = view.now.sample.get();
    if (width - size.x > 90) {
      ImGui::SameLine();
      ImGui::BeginGroup();
    }
    if (sample && picture->label >= 0 && static_cast<size_t>(picture->label) < sample->labels_en.size()) {
      const auto index = static_cast<size_t>(picture->label);
      faint_text(view, view.tr(Str::TrueClass));
      cut_text(view.pick({sample->labels_en[index], index < sample->labels_zh.size() ? sample->labels_zh[index] : ""}));
    }
    if (sample && sample->images.size() > 1) {
      const int count = static_cast<int>(sample->images.size());
      const int index = std::clamp(view.settings.image, 0, count - 1);
      if (small_button(view, "\xe2\x86\x90##previous", Str::PreviousPicture)) commands.push(command::ChooseImage{(index + count - 1) % count});
      ImGui::SameLine(0, 4);
      if (small_button(view, "\xe2\x86\x92##next", Str::NextPicture)) commands.push(command::ChooseImage{(index + 1) % count});
      faint_text(view, view.format(Str::PictureOf, index + 1, count));
    }
    if (width - size.x > 90) ImGui::EndGroup();
  } else {
    wrapped_text(view, view.tr(Str::NoPicture), true);
  }
  ImGui::PushStyleColor(ImGuiCol_Button, view.theme.accent);
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.on_accent);
  ImGui::BeginDisabled(!view.now.compile || view.now.busy());
  if (ImGui::Button(view.tr(Str::RunAgain))) commands.push(command::Run{});
  ImGui::EndDisabled();
  ImGui::PopStyleColor(2);
  tooltip(view.tr(Str::RunAgainHelp));
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::OpenPicture), Str::OpenPictureHelp)) commands.push(command::OpenFile{});
  ImGui::Spacing();
}

void RunPanel::draw_answer(const View& view, const RunInfo& run) {
  if (!run.top.empty()) {
    const Score& best = run.top.front();
    const std::string& name = view.pick(best.label);
    const std::string shown = name.empty() ? view.format(Str::ClassNumber, best.index) : name;
    headline(view, shown, view.format(Str::RunSummary, run.host_ms, run.threads));
    ImGui::Spacing();
    const double largest = std::max(1e-12, static_cast<double>(best.value));
    for (size_t i = 0; i < run.top.size(); ++i) {
      const Score& score = run.top[i];
      const std::string& label = view.pick(score.label);
      cut_text(label.empty() ? view.format(Str::ClassNumber, score.index) : label, ImGui::GetContentRegionAvail().x - 70);
      ImGui::SameLine();
      right_text(run.probabilities ? fmt::format("{:.1f} %", 100 * score.value) : fmt::format("{:.4g}", score.value));
      bar(view, run.probabilities ? score.value : score.value / largest, i == 0 ? view.theme.accent : view.theme.faint,
          ImGui::GetContentRegionAvail().x, 6);
    }
  } else {
    headline(view, fmt::format("{:.1f} ms", run.host_ms), view.format(Str::RunSummary, run.host_ms, run.threads));
  }
  ImGui::Spacing();
  const bool wide = ImGui::GetContentRegionAvail().x > 380;
  const std::span<const Column<OutputRow>> columns = wide ? std::span<const Column<OutputRow>>(kColumns) : kNarrowColumns;
  if (begin_table<OutputRow>(view, wide ? "outputs" : "outputs_narrow", columns, {0, 0}, ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX)) {
    for (const OutputRow& row : run.outputs) {
      ImGui::TableNextRow();
      for (size_t c = 0; c < columns.size(); ++c) {
        ImGui::TableSetColumnIndex(static_cast<int>(c));
        columns[c].cell(view, row);
      }
    }
    ImGui::EndTable();
  }
}

void RunPanel::draw_preprocess(const View& view, Commands& commands) {
  const Preprocess& now = view.now.preprocess;
  if (!view.now.picture || now.mean.empty()) return;
  ImGui::Spacing();
  if (!ImGui::TreeNode("preprocess", "%s", view.tr(Str::Preprocessing))) return;
  wrapped_text(view, view.tr(Str::PreprocessingHelp), true);
  for (const Preset& preset : presets()) {
    Preprocess wanted = now;
    wanted.mean.assign(preset.mean.begin(), preset.mean.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(now.mean.size(), 3)));
    wanted.deviation.assign(preset.deviation.begin(), preset.deviation.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(now.mean.size(), 3)));
    if (ImGui::RadioButton(view.tr(preset.name), wanted == now)) commands.push(command::ChangePreprocess{wanted});
  }
  bool aipp = view.settings.atc.options.contains("insert_op_conf");
  if (ImGui::Checkbox(view.tr(Str::AippChoice), &aipp)) commands.push(command::SwitchAipp{aipp});
  tooltip(view.tr(Str::AippChoiceHelp));
  Preprocess swapped = now;
  if (!now.grey && ImGui::Checkbox(view.tr(Str::SwapRedBlue), &swapped.bgr)) commands.push(command::ChangePreprocess{swapped});
  ImGui::TreePop();
}

}  // namespace npu::ui
