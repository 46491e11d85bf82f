// SPDX-License-Identifier: Apache-2.0
// The room of lessons, and the lesson being taken, which stays beside the other rooms.
#pragma once

#include "ui/panels/question_widget.h"

namespace npu::ui {

// The step of the lesson being taken: its text, what is checked, questions. Fills the window it is drawn in: a narrow column at
// the right, or a sheet at the bottom.
struct LessonView {
  void draw(const View& view, Commands& commands);

 private:
  void draw_step(const View& view, Commands& commands, const Lesson& lesson);
  void draw_question(const View& view, Commands& commands, const Step& step);
  void draw_checks(const View& view, Commands& commands, const Step& step);
  void draw_bottom(const View& view, Commands& commands, const Lesson& lesson);

  QuestionWidget question_;
  size_t shown_ = 0;                // the step; another one begins at its top
};

// The list of lessons with the progress, the quiz and the certificate.
struct LearnPanel {
  void draw(const View& view, Commands& commands);

 private:
  enum class Part { Lessons, Quiz, Certificate };

  void draw_parts(const View& view);
  void draw_lessons(const View& view, Commands& commands, const Course& course);
  void draw_lesson(const View& view, Commands& commands, const Lesson& lesson);
  void draw_quiz_start(const View& view, Commands& commands, const Course& course);
  void draw_quiz(const View& view, Commands& commands, const Course& course);
  void draw_quiz_result(const View& view, Commands& commands);
  void draw_certificate(const View& view, Commands& commands);
  void draw_verify(const View& view);

  Part part_ = Part::Lessons;
  QuestionWidget question_;
  int seed_ = 1;
  std::string name_;
  Certificate checked_;             // that is typed in to be verified
};

}  // namespace npu::ui
