// SPDX-License-Identifier: Apache-2.0
// All lessons and the bank of questions, from the files of samples/lessons.
#pragma once

#include "ui/learn/lesson.h"

namespace npu::ui {

struct Course {
  std::vector<Lesson> lessons;
  QuizBank bank;

  const Lesson* find(std::string_view name) const;  // nullptr when there is none
};

// lessons/list.txt names the lessons' files, lessons/quiz.md is the bank.
Result<Course> load_course(const SampleReader& read);

}  // namespace npu::ui
