// SPDX-License-Identifier: Apache-2.0
// Bodies that need the user interface's library.
#include <stdexcept>

#include "tests/fuzz/bodies.h"
#include "ui/learn/lesson.h"
#include "ui/learn/markdown.h"
#include "ui/learn/progress.h"

namespace npu::fuzz {

void lesson(Bytes bytes) {
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto check = [](const auto& parsed) {
    if (parsed) return;
    const std::string& where = parsed.error().where;
    if (where.find("f.md:") != 0 || parsed.error().what.empty()) throw std::logic_error("an error without file and line");
  };
  const auto lesson = ui::parse_lesson(text, "f.md");
  check(lesson);
  check(ui::parse_quiz(text, "f.md"));
  check(ui::parse_lesson_list(text, "f.md"));
  (void)ui::parse_markdown(text);
  const ui::Snapshot nothing;
  const ui::Settings settings;
  (void)ui::fill_in(text, {nothing, settings});
  if (const auto progress = ui::load_progress(text)) {
    const auto again = ui::load_progress(ui::save_progress(*progress));
    if (!again || *again != *progress) throw std::logic_error("progress does not survive saving");
  }
}

}  // namespace npu::fuzz
