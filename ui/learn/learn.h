// SPDX-License-Identifier: Apache-2.0
// A learner's way through the course, without any drawing: which lesson and step, what is done, the test being taken.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ui/learn/certificate.h"
#include "ui/learn/course.h"
#include "ui/learn/progress.h"
#include "ui/learn/quiz.h"

namespace npu::ui {

namespace learn {
struct NextStep {};                       // goes on; of a Read step it is what completes it
struct ShowStep { size_t index = 0; };    // one that is done, or the first that is not
struct AnswerStep { Given given; };
struct Restart { std::string lesson; };
struct StartQuiz { std::string topic; uint32_t seed = 0; };  // without a topic: the exam
struct AnswerQuiz { Given given; };
struct NextQuestion {};
struct LeaveQuiz {};
struct SetName { std::string name; };     // for the certificate
}  // namespace learn

using LearnAction = std::variant<learn::NextStep, learn::ShowStep, learn::AnswerStep, learn::Restart, learn::StartQuiz, learn::AnswerQuiz,
                                 learn::NextQuestion, learn::LeaveQuiz, learn::SetName>;

class Learn {
 public:
  // `changed` gets the progress as text whenever there is more of it; `today` gives the date, "2026-01-31".
  Learn(std::function<void(const std::string&)> changed, std::function<std::string()> today);

  // --- course ---
  void set_course(std::shared_ptr<const Course> course);
  const Course* course() const { return course_.get(); }

  // --- progress ---
  std::string save() const { return save_progress(progress_); }
  Status load(const std::string& text);   // keeps what there is when the text is no progress
  const LearnProgress& progress() const { return progress_; }

  // --- lessons ---
  void open(const std::string& name);     // empty: none
  const Lesson* lesson() const;           // being taken; nullptr: none
  size_t step_index() const { return step_; }
  size_t done(const Lesson& lesson) const;  // steps completed
  bool completed(const Lesson& lesson) const { return done(lesson) == lesson.steps.size(); }
  int completed_lessons() const;
  bool step_done() const;                 // of the one being shown
  // Which of its conditions hold now.
  const std::vector<bool>& met() const { return met_; }
  // The last answer to the step being shown, and whether it was wrong.
  const Given& given() const { return given_; }
  bool wrong() const { return wrong_; }

  // Looks at the real state. `facts` must be those of the latest request (Studio::is_current).
  void update(const Facts& facts);
  void act(const LearnAction& action, const Facts& facts);

  // --- test ---
  const Quiz* quiz() const { return quiz_ ? &*quiz_ : nullptr; }
  // Of an exam that was passed, once there is a name.
  std::optional<Certificate> certificate() const;

 private:
  void complete(const Lesson& lesson, size_t step);
  void show(size_t step);
  void answer_step(const Given& given, const Facts& facts);
  void start_quiz(const learn::StartQuiz& start);
  void answer_quiz(const Given& given, const Facts& facts);
  void next_question();
  void keep();

  std::function<void(const std::string&)> changed_;
  std::function<std::string()> today_;
  std::shared_ptr<const Course> course_;
  LearnProgress progress_;
  std::string name_;                      // of the lesson being taken
  size_t step_ = 0;
  std::vector<bool> met_;
  Given given_;
  bool wrong_ = false;
  std::optional<Quiz> quiz_;
};

}  // namespace npu::ui
