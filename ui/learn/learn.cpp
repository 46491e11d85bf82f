// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/learn.h"

#include <algorithm>

namespace npu::ui {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

constexpr size_t kTopicQuestions = 10;  // of a test on one topic

}  // namespace

Learn::Learn(std::function<void(const std::string&)> changed, std::function<std::string()> today)
    : changed_(std::move(changed)), today_(std::move(today)) {}

void Learn::set_course(std::shared_ptr<const Course> course) {
  course_ = std::move(course);
  quiz_.reset();
  if (const Lesson* now = lesson()) show(done(*now));
}

Status Learn::load(const std::string& text) {
  NPU_TRY(progress_, load_progress(text));
  if (const Lesson* now = lesson()) show(done(*now));
  return {};
}

void Learn::open(const std::string& name) {
  if (name == name_) return;
  name_ = name;
  if (const Lesson* now = lesson()) show(completed(*now) ? 0 : done(*now));
}

const Lesson* Learn::lesson() const { return course_ ? course_->find(name_) : nullptr; }

size_t Learn::done(const Lesson& lesson) const {
  const auto found = progress_.done.find(lesson.name);
  return found == progress_.done.end() ? 0 : std::min(static_cast<size_t>(found->second), lesson.steps.size());
}

int Learn::completed_lessons() const {
  return course_ ? static_cast<int>(std::ranges::count_if(course_->lessons, [&](const Lesson& l) { return completed(l); })) : 0;
}

bool Learn::step_done() const {
  const Lesson* now = lesson();
  return now && step_ < done(*now);
}

void Learn::show(size_t step) {
  const Lesson* now = lesson();
  step_ = now ? std::min(step, now->steps.size() - 1) : 0;
  met_.clear();
  given_ = {};
  wrong_ = false;
}

void Learn::complete(const Lesson& lesson, size_t step) {
  if (step != done(lesson)) return;  // steps are done one after the other
  progress_.done[lesson.name] = static_cast<int>(step) + 1;
  keep();
}

void Learn::keep() {
  if (changed_) changed_(save());
}

void Learn::update(const Facts& facts) {
  const Lesson* now = lesson();
  if (!now) return;
  const Step& step = now->steps[step_];
  met_.assign(step.conditions.size(), false);
  for (size_t i = 0; i < met_.size(); ++i) met_[i] = holds(step.conditions[i], facts);
  if (!met_.empty() && std::ranges::find(met_, false) == met_.end()) complete(*now, step_);
}

void Learn::answer_step(const Given& given, const Facts& facts) {
  const Lesson* now = lesson();
  if (!now || now->steps[step_].kind != StepKind::Answer) return;
  given_ = given;
  wrong_ = !is_right(now->steps[step_].question, given, facts);
  if (!wrong_) complete(*now, step_);
}

void Learn::start_quiz(const learn::StartQuiz& start) {
  if (!course_) return;
  const size_t count = start.topic.empty() ? kExamQuestions : kTopicQuestions;
  Quiz quiz;
  quiz.topic = start.topic;
  quiz.seed = start.seed;
  quiz.questions = draw_quiz(course_->bank, start.topic, start.seed, count);
  if (!quiz.questions.empty()) quiz_ = std::move(quiz);
}

void Learn::answer_quiz(const Given& given, const Facts& facts) {
  if (!quiz_ || quiz_->answered || quiz_->finished()) return;
  const Question& question = course_->bank.questions[quiz_->questions[quiz_->current].index].question;
  quiz_->given = given;
  quiz_->answered = true;
  quiz_->right.push_back(is_right(question, given, facts));
}

void Learn::next_question() {
  if (!quiz_ || !quiz_->answered) return;
  quiz_->answered = false;
  quiz_->given = {};
  if (!quiz_->finished()) {
    ++quiz_->current;
    return;
  }
  const int percent = quiz_->percent();
  int& best = progress_.best[quiz_->is_exam() ? "exam" : quiz_->topic];
  best = std::max(best, percent);
  const bool better = quiz_->right_count() > progress_.exam_right || progress_.exam_total == 0;
  if (quiz_->is_exam() && percent >= kPassPercent && better) {
    progress_.exam_right = quiz_->right_count();
    progress_.exam_total = static_cast<int>(quiz_->questions.size());
    progress_.exam_seed = quiz_->seed;
    progress_.exam_date = today_ ? today_() : "";
  }
  keep();
}

void Learn::act(const LearnAction& action, const Facts& facts) {
  std::visit(Overloaded{
                 [&](const learn::NextStep&) {
                   const Lesson* now = lesson();
                   if (!now) return;
                   if (now->steps[step_].kind == StepKind::Read) complete(*now, step_);
                   if (step_done() && step_ + 1 < now->steps.size()) show(step_ + 1);
                 },
                 [&](const learn::ShowStep& a) {
                   if (const Lesson* now = lesson(); now && a.index <= done(*now) && a.index < now->steps.size()) show(a.index);
                 },
                 [&](const learn::AnswerStep& a) { answer_step(a.given, facts); },
                 [&](const learn::Restart& a) {
                   progress_.done.erase(a.lesson);
                   if (a.lesson == name_) show(0);
                   keep();
                 },
                 [&](const learn::StartQuiz& a) { start_quiz(a); },
                 [&](const learn::AnswerQuiz& a) { answer_quiz(a.given, facts); },
                 [&](const learn::NextQuestion&) { next_question(); },
                 [&](const learn::LeaveQuiz&) { quiz_.reset(); },
                 [&](const learn::SetName& a) {
                   progress_.name = clean_name(a.name);
                   keep();
                 },
             },
             action);
}

std::optional<Certificate> Learn::certificate() const {
  if (progress_.exam_total == 0 || progress_.name.empty()) return {};
  Certificate c{progress_.name, progress_.exam_date, progress_.exam_right, progress_.exam_total, completed_lessons(), progress_.exam_seed, {}};
  c.code = certificate_code(c);
  return c;
}

}  // namespace npu::ui
