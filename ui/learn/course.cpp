// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/course.h"

#include <algorithm>

namespace npu::ui {
namespace {

Result<std::string> read_text(const SampleReader& read, const std::string& file) {
  NPU_TRY(const OwnedBytes owned, read(file));
  return std::string(reinterpret_cast<const char*>(owned.bytes.data()), owned.bytes.size());
}

}  // namespace

const Lesson* Course::find(std::string_view name) const {
  const auto found = std::ranges::find(lessons, name, &Lesson::name);
  return found == lessons.end() ? nullptr : &*found;
}

Result<Course> load_course(const SampleReader& read) {
  Course course;
  NPU_TRY(const std::string list, read_text(read, "lessons/list.txt"));
  NPU_TRY(const auto names, parse_lesson_list(list, "lessons/list.txt"));
  for (const std::string& name : names) {
    const std::string file = "lessons/" + name + ".md";
    NPU_TRY(const std::string text, read_text(read, file));
    NPU_TRY(Lesson lesson, parse_lesson(text, file));
    course.lessons.push_back(std::move(lesson));
  }
  NPU_TRY(const std::string quiz, read_text(read, "lessons/quiz.md"));
  NPU_TRY(course.bank, parse_quiz(quiz, "lessons/quiz.md"));
  return course;
}

}  // namespace npu::ui
