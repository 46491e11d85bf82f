// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include "core/isa/manual.h"
#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

const std::vector<ManualSection>& manual() {
  static const std::vector<ManualSection> sections = make_manual();
  return sections;
}

bool contains(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
  return std::ranges::search(text, part, same).begin() != text.end() || part.empty();
}

void draw_operands(const View& view, const ManualEntry& entry) {
  if (entry.operands.empty() || !ImGui::BeginTable("operands", 3, ImGuiTableFlags_Borders | ImGuiTableFlags_SizingFixedFit)) return;
  for (Str header : {Str::ManualOperand, Str::ManualBits, Str::ManualValues}) ImGui::TableSetupColumn(view.tr(header));
  ImGui::TableHeadersRow();
  for (const ManualOperand& operand : entry.operands) {
    ImGui::TableNextRow();
    ImGui::TableSetColumnIndex(0);
    ImGui::TextUnformatted(operand.name.c_str());
    ImGui::TableSetColumnIndex(1);
    ImGui::Text("%d", operand.bits);
    ImGui::TableSetColumnIndex(2);
    ImGui::TextUnformatted(operand.legal.c_str());
  }
  ImGui::EndTable();
}

const char* where_text(const View& view, RunsOn where) {
  constexpr Str kTexts[] = {Str::RunsOnAiCore, Str::RunsOnNoTask, Str::RunsOnAiCpu, Str::RunsOnFolded, Str::RunsOnReference};
  return view.tr(kTexts[static_cast<size_t>(where)]);
}

}  // namespace

// Both return whether anything matched.
bool ManualPanel::draw_instructions(const View& view) const {
  bool any = false;
  for (const ManualSection& section : manual()) {
    bool headed = false;
    for (const ManualEntry& entry : section.entries) {
      if (!contains(entry.name, filter_) && !contains(entry.doc, filter_)) continue;
      if (!headed) ImGui::SeparatorText((view.settings.language == Language::Chinese ? section.title_zh : section.title_en).c_str());
      headed = any = true;
      if (!ImGui::TreeNode(entry.name.c_str())) continue;
      wrapped_text(view, entry.doc);
      wrapped_text(view, view.format(Str::ManualFacts, entry.pipe, entry.chips, entry.cost), true);
      draw_operands(view, entry);
      ImGui::TreePop();
    }
  }
  return any;
}

bool ManualPanel::draw_operators(const View& view) {
  bool any = false;
  for (const OpDef* def : all_ops()) {
    if (!contains(def->name, filter_) && !contains(def->doc, filter_)) continue;
    if (!any) ImGui::SeparatorText(view.tr(Str::ManualOperators));
    any = true;
    const std::string name(def->name);
    if (!ImGui::TreeNode(name.c_str())) continue;
    auto found = support_.find(def->name);
    if (found == support_.end()) found = support_.emplace(def->name, support_of(*def)).first;
    wrapped_text(view, def->doc);
    wrapped_text(view, view.format(Str::ManualOperatorFacts, where_text(view, found->second.runs_on), def->since, found->second.types), true);
    ImGui::TreePop();
  }
  return any;
}

void ManualPanel::draw(const View& view, float height) {
  const float top = ImGui::GetCursorPosY();
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##search", view.tr(Str::ManualSearch), &filter_);
  ImGui::BeginChild("manual", {0, std::max(120.0f, height - (ImGui::GetCursorPosY() - top))}, ImGuiChildFlags_Borders);
  const bool instructions = draw_instructions(view), operators = draw_operators(view);
  if (!instructions && !operators) faint_text(view, view.tr(Str::ManualNothing));
  ImGui::EndChild();
}

}  // namespace npu::ui
