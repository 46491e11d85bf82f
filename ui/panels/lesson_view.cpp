// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/panels/learn_panel.h"
#include "ui/panels/markdown_view.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr Str kKindNames[] = {Str::StepRead, Str::StepLook, Str::StepDo, Str::StepAnswer, Str::StepAchieve};

// A circle, filled with a tick when it is so.
void draw_mark(const View& view, bool done) {
  const float size = ImGui::GetTextLineHeight();
  const ImVec2 at = ImGui::GetCursorScreenPos(), centre(at.x + size / 2, at.y + size / 2);
  auto* list = ImGui::GetWindowDrawList();
  if (done) {
    list->AddCircleFilled(centre, size * 0.42f, colour(view.theme.good));
    const ImVec2 tick[] = {{centre.x - size * 0.2f, centre.y}, {centre.x - size * 0.05f, centre.y + size * 0.16f}, {centre.x + size * 0.22f, centre.y - size * 0.16f}};
    list->AddPolyline(tick, 3, text_on(view.theme.good), 0, 1.8f);
  } else {
    list->AddCircle(centre, size * 0.42f, colour(view.theme.faint), 0, 1.4f);
  }
  ImGui::Dummy({size, size});
  ImGui::SameLine();
}

bool accent_button(const View& view, const char* label, bool enabled) {
  ImGui::PushStyleColor(ImGuiCol_Button, view.theme.accent);
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.on_accent);
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::Button(label);
  ImGui::EndDisabled();
  ImGui::PopStyleColor(2);
  return pressed;
}

void draw_badge(const View& view, Str kind) {
  const char* text = view.tr(kind);
  ImGui::PushFont(view.theme.strong, view.theme.small_size);
  const ImVec2 size = ImGui::CalcTextSize(text), at = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddRectFilled(at, {at.x + size.x + 12, at.y + size.y + 4}, colour(view.theme.accent, 0.22f), 4);
  ImGui::GetWindowDrawList()->AddText({at.x + 6, at.y + 2}, colour(view.theme.accent), text);
  ImGui::Dummy({size.x + 12, size.y + 4});
  ImGui::PopFont();
}

}  // namespace

void LessonView::draw(const View& view, Commands& commands) {
  const Lesson* lesson = view.learn ? view.learn->lesson() : nullptr;
  if (!lesson) return placeholder(view, Str::LearnLoading);
  const float close = ImGui::CalcTextSize(view.tr(Str::Dismiss)).x + ImGui::GetStyle().FramePadding.x * 2;
  ImGui::AlignTextToFramePadding();
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  cut_text(view.pick(lesson->title), ImGui::GetContentRegionAvail().x - close - 8);
  ImGui::PopFont();
  ImGui::SameLine(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - close);
  if (small_button(view, view.tr(Str::Dismiss), Str::LessonClose)) commands.push(command::OpenLesson{""});
  const size_t done = view.learn->done(*lesson), steps = lesson->steps.size();
  bar(view, static_cast<double>(done) / static_cast<double>(steps), view.theme.good, ImGui::GetContentRegionAvail().x, 5);
  faint_text(view, view.format(Str::LessonStep, view.learn->step_index() + 1, steps));
  const float bottom = ImGui::GetFrameHeightWithSpacing() + 4;
  ImGui::BeginChild("step", {0, std::max(80.0f, ImGui::GetContentRegionAvail().y - bottom)}, ImGuiChildFlags_NavFlattened);
  if (shown_ != view.learn->step_index()) {
    shown_ = view.learn->step_index();
    ImGui::SetScrollY(0);
  }
  draw_step(view, commands, *lesson);
  ImGui::EndChild();
  draw_bottom(view, commands, *lesson);
}

void LessonView::draw_step(const View& view, Commands& commands, const Lesson& lesson) {
  const Step& step = lesson.steps[view.learn->step_index()];
  draw_badge(view, kKindNames[static_cast<size_t>(step.kind)]);
  ImGui::PushFont(view.theme.strong, view.theme.text_size + 2);
  draw_spans(view, parse_spans(view.pick(step.title)));
  ImGui::PopFont();
  ImGui::Spacing();
  draw_markdown(view, view.pick(step.body));
  if (step.kind == StepKind::Answer) draw_question(view, commands, step);
  draw_checks(view, commands, step);
  if (!step.hint.en.empty() && ImGui::TreeNode("hint", "%s", view.tr(Str::StepHint))) {
    draw_markdown(view, view.pick(step.hint));
    ImGui::TreePop();
  }
  if (view.learn->completed(lesson) && view.learn->step_index() + 1 == lesson.steps.size()) {
    ImGui::Spacing();
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.good);
    wrapped_text(view, view.tr(Str::LessonFinished));
    ImGui::PopStyleColor();
    wrapped_text(view, view.tr(Str::LessonFinishedText), true);
  }
}

void LessonView::draw_question(const View& view, Commands& commands, const Step& step) {
  const bool done = view.learn->step_done();
  Given right;
  for (size_t i = 0; i < step.question.options.size(); ++i)
    if (step.question.options[i].right) right.chosen.insert(i);
  if (step.question.kind == Question::Kind::Number)
    if (const auto value = evaluate(step.question.value, {view.now, view.settings})) right.number = number_text(*value);
  // What was typed is kept: a live number may be another one by now.
  const Given& typed = view.learn->given();
  if (!typed.number.empty()) right.number = typed.number;
  if (question_.draw(view, step.question, {}, done ? &right : nullptr)) commands.push(command::Teach{learn::AnswerStep{question_.given()}});
  if (done) {
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.good);
    wrapped_text(view, view.tr(Str::StepRight));
    ImGui::PopStyleColor();
    draw_markdown(view, view.pick(step.question.why));
  } else if (view.learn->wrong()) {
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.bad);
    wrapped_text(view, view.tr(Str::StepWrong));
    ImGui::PopStyleColor();
  }
}

void LessonView::draw_checks(const View& view, Commands& commands, const Step& step) {
  if (!step.conditions.empty()) {
    ImGui::Spacing();
    faint_text(view, view.tr(Str::StepChecks));
    const bool done = view.learn->step_done();
    for (size_t i = 0; i < step.conditions.size(); ++i) {
      draw_mark(view, done || (i < view.learn->met().size() && view.learn->met()[i]));
      wrapped_text(view, describe(step.conditions[i], {view.now, view.settings}, view.settings.language));
    }
  }
  if (!step.link.empty() && small_button(view, view.tr(Str::StepGo), Str::StepGoHelp)) commands.push(command::ApplyLink{step.link});
  if (step.measure) {
    if (!step.link.empty()) ImGui::SameLine();
    if (small_button(view, view.tr(Str::MeasureAccuracy), Str::MeasureAccuracyHelp, !view.now.busy() && view.now.run)) commands.push(command::Evaluate{});
    if (const Evaluation* e = view.now.evaluation.get())
      wrapped_text(view, view.format(Str::AccuracyFound, e->right, e->total, e->percent(), e->fp32_right, e->lost_points()));
  }
}

void LessonView::draw_bottom(const View& view, Commands& commands, const Lesson& lesson) {
  const size_t at = view.learn->step_index();
  const bool last = at + 1 == lesson.steps.size();
  ImGui::BeginDisabled(at == 0);
  if (ImGui::Button(view.tr(Str::StepBack))) commands.push(command::Teach{learn::ShowStep{at - 1}});
  ImGui::EndDisabled();
  ImGui::SameLine();
  const bool read = lesson.steps[at].kind == StepKind::Read, done = view.learn->step_done();
  if (last && done) {
    const auto& lessons = view.learn->course()->lessons;
    const auto found = std::ranges::find(lessons, lesson.name, &Lesson::name);
    if (found != lessons.end() && found + 1 != lessons.end()) {
      if (accent_button(view, view.tr(Str::LessonNext), true)) commands.push(command::OpenLesson{(found + 1)->name});
      return;
    }
    if (accent_button(view, view.tr(Str::LessonAll), true)) commands.push(command::ApplyLink{"tab=learn"});
    return;
  }
  if (accent_button(view, view.tr(last ? Str::StepFinish : Str::StepNext), read || done)) commands.push(command::Teach{learn::NextStep{}});
}

}  // namespace npu::ui
