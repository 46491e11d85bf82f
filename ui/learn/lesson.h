// SPDX-License-Identifier: Apache-2.0
// Lessons and questions as data. A file holds both languages around one structure: steps, checks and answers are written
// once, so that the languages cannot drift apart. The form of the files: samples/lessons/README.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "samples/catalog.h"
#include "ui/learn/conditions.h"

namespace npu::ui {

struct Option {
  Text text;
  bool right = false;
};

struct Question {
  enum class Kind { One, Several, Number } kind = Kind::One;
  Text text;                       // Markdown
  std::vector<Option> options;     // of One (exactly one is right) and Several (at least one)
  std::string value;               // of Number: an expression (ui/learn/facts.h)
  double tolerance = 0;            // of Number, absolute
  Text why;                        // shown with the right answer
  int line = 0;
};

// Read: text alone. Look: something must be on the screen. Do, Achieve: the state must meet the conditions. Answer: a question.
enum class StepKind { Read, Look, Do, Answer, Achieve };

struct Step {
  StepKind kind = StepKind::Read;
  Text title;
  Text body;                       // Markdown with {expressions}
  Text hint;                       // may be empty
  std::string link;                // settings that the step starts from, as in a page's address; may be empty
  bool measure = false;            // offers to measure the accuracy
  std::vector<Condition> conditions;  // all must hold; of Look, Do and Achieve
  Question question;               // of Answer
  int line = 0;
};

struct Lesson {
  std::string name;                // "04-onnx-graph"
  Text title;
  Text goal;
  int minutes = 0;
  std::vector<Step> steps;
};

struct Topic {
  std::string name;                // "memory"
  Text title;
};

struct BankQuestion {
  size_t topic = 0;                // index into QuizBank::topics
  Question question;
};

struct QuizBank {
  std::vector<Topic> topics;
  std::vector<BankQuestion> questions;
};

// InvalidArgument with "file:line" in `where`. What is read: at least one question and one Do or Achieve with conditions, so
// that nobody completes a lesson by turning pages; every check, link and expression is known.
Result<Lesson> parse_lesson(std::string_view text, const std::string& file);
Result<QuizBank> parse_quiz(std::string_view text, const std::string& file);
// Names of the lessons in their order, one a line.
Result<std::vector<std::string>> parse_lesson_list(std::string_view text, const std::string& file);

}  // namespace npu::ui
