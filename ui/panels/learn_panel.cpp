// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/learn_panel.h"

#include <algorithm>
#include <charconv>

#include <misc/cpp/imgui_stdlib.h>

#include "ui/panels/markdown_view.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kReadable = 680;    // CSS pixels that a line of text is at most
constexpr float kField = 220;

void field(const View& view, Str label, const char* id, std::string& text) {
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  ImGui::TextUnformatted(view.tr(label));
  ImGui::PopStyleColor();
  ImGui::SetNextItemWidth(std::min(kField, ImGui::GetContentRegionAvail().x));
  ImGui::InputText(id, &text);
}

int number_of(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void number_field(const View& view, Str label, const char* id, int& value) {
  std::string text = fmt::format("{}", value);
  field(view, label, id, text);
  value = number_of(text);
}

}  // namespace

void LearnPanel::draw(const View& view, Commands& commands) {
  title(view, Str::LearnTitle, Str::LearnHelp);
  const Course* course = view.learn ? view.learn->course() : nullptr;
  if (!course) {
    commands.push(command::LoadCourse{});
    return placeholder(view, Str::LearnLoading);
  }
  draw_parts(view);
  ImGui::Spacing();
  ImGui::BeginChild("learn", {0, 0}, ImGuiChildFlags_NavFlattened);
  if (part_ == Part::Lessons) draw_lessons(view, commands, *course);
  if (part_ == Part::Quiz) view.learn->quiz() ? draw_quiz(view, commands, *course) : draw_quiz_start(view, commands, *course);
  if (part_ == Part::Certificate) draw_certificate(view, commands);
  ImGui::EndChild();
}

void LearnPanel::draw_parts(const View& view) {
  static constexpr std::pair<Part, Str> kParts[] = {{Part::Lessons, Str::LearnLessons}, {Part::Quiz, Str::LearnQuiz}, {Part::Certificate, Str::LearnCertificate}};
  for (const auto& [part, name] : kParts) {
    if (part != Part::Lessons) ImGui::SameLine(0, 4);
    const bool chosen = part == part_;
    ImGui::PushStyleColor(ImGuiCol_Button, chosen ? view.theme.accent : view.theme.raised);
    ImGui::PushStyleColor(ImGuiCol_Text, chosen ? view.theme.on_accent : view.theme.text);
    if (ImGui::Button(view.tr(name))) part_ = part;
    ImGui::PopStyleColor(2);
  }
}

void LearnPanel::draw_lessons(const View& view, Commands& commands, const Course& course) {
  faint_text(view, view.format(Str::LearnDone, view.learn->completed_lessons(), course.lessons.size()));
  const bool two = ImGui::GetContentRegionAvail().x > 2 * 380;
  if (!ImGui::BeginTable("lessons", two ? 2 : 1, ImGuiTableFlags_SizingStretchSame)) return;
  for (const Lesson& lesson : course.lessons) {
    ImGui::TableNextColumn();
    draw_lesson(view, commands, lesson);
  }
  ImGui::EndTable();
}

void LearnPanel::draw_lesson(const View& view, Commands& commands, const Lesson& lesson) {
  ImGui::PushID(lesson.name.c_str());
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {12, 10});
  ImGui::BeginChild("card", {0, 0}, ImGuiChildFlags_Borders | ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysUseWindowPadding | ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
  const size_t done = view.learn->done(lesson), steps = lesson.steps.size();
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  draw_spans(view, parse_spans(fmt::format("{}  {}", lesson.name.substr(0, 2), view.pick(lesson.title))));
  ImGui::PopFont();
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  draw_spans(view, parse_spans(view.pick(lesson.goal)));
  ImGui::PopStyleColor();
  bar(view, static_cast<double>(done) / static_cast<double>(steps), view.theme.good, ImGui::GetContentRegionAvail().x, 5);
  ImGui::AlignTextToFramePadding();
  faint_text(view, fmt::format("{}  {}", view.format(Str::LearnSteps, done, steps), done == 0 ? view.format(Str::LearnMinutes, lesson.minutes) : std::string()));
  const Str label = done == 0 ? Str::LearnStart : done < steps ? Str::LearnContinue : Str::LearnReview;
  if (small_button(view, view.tr(label), Str::LearnStartHelp)) commands.push(command::OpenLesson{lesson.name});
  if (done > 0) {
    ImGui::SameLine();
    if (small_button(view, view.tr(Str::LearnReset), Str::LearnResetHelp)) commands.push(command::Teach{learn::Restart{lesson.name}});
  }
  ImGui::EndChild();
  ImGui::PopID();
}

void LearnPanel::draw_quiz_start(const View& view, Commands& commands, const Course& course) {
  const auto best = [&](const std::string& topic) {
    const auto found = view.learn->progress().best.find(topic);
    return found == view.learn->progress().best.end() ? std::string() : view.format(Str::QuizBest, found->second);
  };
  ImGui::PushTextWrapPos(std::min(kReadable, ImGui::GetContentRegionAvail().x));
  ImGui::TextUnformatted(view.format(Str::QuizIntro, course.bank.questions.size(), kExamQuestions, kPassPercent).c_str());
  ImGui::PopTextWrapPos();
  ImGui::Spacing();
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(view.tr(Str::QuizSeed));
  ImGui::SameLine();
  ImGui::SetNextItemWidth(120);
  ImGui::InputInt("##seed", &seed_);
  seed_ = std::max(seed_, 0);
  const auto seed = static_cast<uint32_t>(seed_);
  ImGui::PushStyleColor(ImGuiCol_Button, view.theme.accent);
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.on_accent);
  if (ImGui::Button(view.tr(Str::QuizExam))) commands.push(command::Teach{learn::StartQuiz{"", seed}});
  ImGui::PopStyleColor(2);
  ImGui::SameLine();
  faint_text(view, best("exam"));
  ImGui::Spacing();
  faint_text(view, view.tr(Str::QuizTopic));
  for (const Topic& topic : course.bank.topics) {
    ImGui::PushID(topic.name.c_str());
    if (ImGui::Button(view.pick(topic.title).c_str())) commands.push(command::Teach{learn::StartQuiz{topic.name, seed}});
    ImGui::SameLine();
    faint_text(view, best(topic.name));
    ImGui::PopID();
  }
}

void LearnPanel::draw_quiz(const View& view, Commands& commands, const Course& course) {
  const Quiz& quiz = *view.learn->quiz();
  if (quiz.finished()) return draw_quiz_result(view, commands);
  const DrawnQuestion& drawn = quiz.questions[quiz.current];
  const BankQuestion& entry = course.bank.questions[drawn.index];
  const float width = std::min(kReadable, ImGui::GetContentRegionAvail().x);
  ImGui::BeginChild("question", {width, 0}, ImGuiChildFlags_NavFlattened);
  faint_text(view, fmt::format("{}  {}", view.format(Str::QuizQuestion, quiz.current + 1, quiz.questions.size()), view.pick(course.bank.topics[entry.topic].title)));
  draw_markdown(view, view.pick(entry.question.text));
  if (question_.draw(view, entry.question, drawn.order, quiz.answered ? &quiz.given : nullptr)) commands.push(command::Teach{learn::AnswerQuiz{question_.given()}});
  if (quiz.answered) {
    const bool right = quiz.right.back();
    ImGui::PushStyleColor(ImGuiCol_Text, right ? view.theme.good : view.theme.bad);
    wrapped_text(view, view.tr(right ? Str::StepRight : Str::QuizWrong));
    ImGui::PopStyleColor();
    if (!right && entry.question.kind == Question::Kind::Number)
      if (const auto value = evaluate(entry.question.value, {view.now, view.settings})) wrapped_text(view, fmt::format("{}: {}", view.tr(Str::QuizRightAnswer), number_text(*value)));
    draw_markdown(view, view.pick(entry.question.why));
    if (ImGui::Button(view.tr(Str::QuizNext))) commands.push(command::Teach{learn::NextQuestion{}});
  }
  ImGui::Spacing();
  if (ImGui::Button(view.tr(Str::QuizLeave))) commands.push(command::Teach{learn::LeaveQuiz{}});
  ImGui::EndChild();
}

void LearnPanel::draw_quiz_result(const View& view, Commands& commands) {
  const Quiz& quiz = *view.learn->quiz();
  headline(view, view.format(Str::QuizResult, quiz.right_count(), quiz.questions.size(), quiz.percent()), "");
  if (quiz.is_exam()) wrapped_text(view, quiz.percent() >= kPassPercent ? std::string(view.tr(Str::QuizPassed)) : view.format(Str::QuizFailed, kPassPercent));
  ImGui::Spacing();
  if (quiz.is_exam() && quiz.percent() >= kPassPercent) {
    if (ImGui::Button(view.tr(Str::LearnCertificate))) part_ = Part::Certificate;
    ImGui::SameLine();
  }
  if (ImGui::Button(view.tr(Str::QuizLeave))) {
    ++seed_;  // another test
    commands.push(command::Teach{learn::LeaveQuiz{}});
  }
}

void LearnPanel::draw_certificate(const View& view, Commands& commands) {
  const LearnProgress& progress = view.learn->progress();
  if (progress.exam_total == 0) {
    wrapped_text(view, view.format(Str::CertNeeds, (kExamQuestions * kPassPercent + 99) / 100, kExamQuestions));
  } else {
    if (name_.empty()) name_ = progress.name;
    field(view, Str::CertName, "##name", name_);
    if (ImGui::IsItemDeactivatedAfterEdit()) commands.push(command::Teach{learn::SetName{name_}});
    if (const auto certificate = view.learn->certificate()) {
      ImGui::Spacing();
      const float column = 150;
      fact(view, Str::CertName, certificate->name, column);
      fact(view, Str::CertDate, certificate->date, column);
      fact(view, Str::CertScore, fmt::format("{} / {}", certificate->right, certificate->total), column);
      fact(view, Str::CertLessons, fmt::format("{}", certificate->lessons), column);
      fact(view, Str::CertSeed, fmt::format("{}", certificate->seed), column);
      fact(view, Str::CertCode, certificate->code, column);
      if (small_button(view, view.tr(Str::CertSave), Str::CertSaveHelp))
        commands.push(command::SaveText{"certificate.html", certificate_html(*certificate, view.settings.language)});
    }
  }
  ImGui::Spacing();
  draw_verify(view);
}

void LearnPanel::draw_verify(const View& view) {
  if (!ImGui::TreeNode("verify", "%s", view.tr(Str::CertVerify))) return;
  field(view, Str::CertName, "##vname", checked_.name);
  field(view, Str::CertDate, "##vdate", checked_.date);
  std::string score = fmt::format("{}/{}", checked_.right, checked_.total);
  field(view, Str::CertScore, "##vscore", score);
  const size_t slash = std::min(score.find('/'), score.size());
  checked_.right = number_of(score.substr(0, slash));
  checked_.total = slash < score.size() ? number_of(score.substr(slash + 1)) : 0;
  number_field(view, Str::CertLessons, "##vlessons", checked_.lessons);
  int seed = static_cast<int>(checked_.seed);
  number_field(view, Str::CertSeed, "##vseed", seed);
  checked_.seed = static_cast<uint32_t>(std::max(seed, 0));
  field(view, Str::CertCode, "##vcode", checked_.code);
  if (!checked_.code.empty()) {
    Certificate certificate = checked_;
    certificate.name = clean_name(certificate.name);
    const bool valid = verify(certificate);
    ImGui::PushStyleColor(ImGuiCol_Text, valid ? view.theme.good : view.theme.bad);
    wrapped_text(view, view.tr(valid ? Str::CertValid : Str::CertInvalid));
    ImGui::PopStyleColor();
  }
  ImGui::Spacing();
  ImGui::PushTextWrapPos(std::min(kReadable, ImGui::GetContentRegionAvail().x));
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  ImGui::TextUnformatted(view.tr(Str::CertHonest));
  ImGui::TextUnformatted("npu-sandbox-certificate-1|name|date|right/total|lessons|seed");
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
  ImGui::TreePop();
}

}  // namespace npu::ui
