// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/question_widget.h"

#include <misc/cpp/imgui_stdlib.h>

#include "ui/panels/markdown_view.h"
#include "ui/widgets.h"

namespace npu::ui {

// True when it was chosen or taken back.
bool QuestionWidget::draw_option(const View& view, const Question& question, size_t index, const Given* shown) {
  const Option& option = question.options[index];
  const Given& marks = shown ? *shown : given_;
  const bool one = question.kind == Question::Kind::One;
  bool on = marks.chosen.contains(index);
  ImGui::PushID(static_cast<int>(index));
  ImGui::BeginGroup();
  ImGui::BeginDisabled(shown != nullptr);
  bool pressed = one ? ImGui::RadioButton("##option", on) : ImGui::Checkbox("##option", &on);
  ImGui::EndDisabled();
  ImGui::SameLine();
  const bool coloured = shown && (option.right || marks.chosen.contains(index));
  if (coloured) ImGui::PushStyleColor(ImGuiCol_Text, option.right ? view.theme.good : view.theme.bad);
  draw_spans(view, parse_spans(fill_in(view.pick(option.text), {view.now, view.settings})));
  if (coloured) ImGui::PopStyleColor();
  ImGui::EndGroup();
  if (!shown && !pressed && ImGui::IsItemClicked()) pressed = true;
  ImGui::PopID();
  if (!pressed || shown) return false;
  if (one) {
    given_.chosen = {index};
  } else if (!given_.chosen.erase(index)) {
    given_.chosen.insert(index);
  }
  return true;
}

bool QuestionWidget::draw(const View& view, const Question& question, const std::vector<size_t>& order, const Given* shown) {
  if (question_ != &question) {
    question_ = &question;
    given_ = {};
  }
  static constexpr Str kKinds[] = {Str::StepOne, Str::StepSeveral, Str::StepNumber};
  faint_text(view, view.tr(kKinds[static_cast<size_t>(question.kind)]));
  bool submit = false;
  if (question.kind == Question::Kind::Number) {
    std::string text = shown ? shown->number : given_.number;
    ImGui::SetNextItemWidth(140);
    ImGui::BeginDisabled(shown != nullptr);
    submit = ImGui::InputText("##number", &text, ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CharsDecimal);
    ImGui::EndDisabled();
    if (!shown) given_.number = text;
  } else {
    for (size_t i = 0; i < question.options.size(); ++i) draw_option(view, question, i < order.size() ? order[i] : i, shown);
  }
  if (shown) return false;
  const bool empty = question.kind == Question::Kind::Number ? given_.number.empty() : given_.chosen.empty();
  ImGui::BeginDisabled(empty);
  submit |= ImGui::Button(view.tr(Str::StepSubmit));
  ImGui::EndDisabled();
  return submit && !empty;
}

}  // namespace npu::ui
