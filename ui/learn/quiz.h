// SPDX-License-Identifier: Apache-2.0
// Tests drawn from the bank. The same bank, topic, seed and count give the same questions with the options in the same order on
// every target.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ui/learn/lesson.h"

namespace npu::ui {

// What somebody answered: indices into Question::options, or the text of a number.
struct Given {
  std::set<size_t> chosen;
  std::string number;
};

// Whether that is the whole right answer; a Number is compared with its value now.
bool is_right(const Question& question, const Given& given, const Facts& facts);

struct DrawnQuestion {
  size_t index = 0;                // into QuizBank::questions
  std::vector<size_t> order;       // of the options, as they are shown
};

inline constexpr size_t kExamQuestions = 20;
inline constexpr int kPassPercent = 80;

// `topic`: a topic's name, empty: all, as evenly from each as can be. At most `count`, none twice.
std::vector<DrawnQuestion> draw_quiz(const QuizBank& bank, std::string_view topic, uint32_t seed, size_t count);

// A test being taken.
struct Quiz {
  std::string topic;               // empty: the exam over all of them
  uint32_t seed = 0;
  std::vector<DrawnQuestion> questions;
  size_t current = 0;
  std::vector<bool> right;         // of the questions answered so far
  Given given;                     // to the current one; shown while `answered`
  bool answered = false;

  bool finished() const { return right.size() == questions.size() && !answered; }
  int right_count() const;
  int percent() const;             // of all questions, rounded down
  bool is_exam() const { return topic.empty(); }
};

}  // namespace npu::ui
