// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"
#include "ui/learn/lesson.h"
#include "ui/learn/markdown.h"

using namespace npu;
using namespace npu::ui;

namespace {

const std::string kLesson =
    "# 题 | Title\n"                       // 1
    "goal: 目标 | Goal\n"                  // 2
    "minutes: 5\n"                         // 3
    "\n"                                   // 4
    "## answer one\n"                      // 5
    "title: 问 | Ask\n"                    // 6
    "- [x] 对 | right\n"                   // 7
    "- [ ] 错 | wrong\n"                   // 8
    "why: 因为 {isa.block_bytes} | Because {isa.block_bytes}\n"  // 9
    "问题？\n"                             // 10
    "---\n"                                // 11
    "Question?\n"                          // 12
    "## do\n"                              // 13
    "title: 做 | Do\n"                     // 14
    "link: sample=digits&tab=run\n"        // 15
    "check: pass_off fuse-tasks\n"         // 16
    "hint: 提示 | Hint\n"                  // 17
    "正文 `a | b`\n"                       // 18
    "---\n"                                // 19
    "Text\n"                               // 20
    "```\n"                                // 21
    "## no step: aipp_op { x }\n"          // 22
    "```\n";                               // 23

std::string with(const std::string& from, const std::string& to) {
  std::string text = kLesson;
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void refused(const std::string& text, const std::string& where, const std::string& what) {
  const auto lesson = parse_lesson(text, "lessons/a.md");
  REQUIRE_FALSE(lesson);
  CHECK(lesson.error().where == where);
  CHECK_MESSAGE(lesson.error().what.find(what) != std::string::npos, lesson.error().what);
}

}  // namespace

TEST_CASE("a lesson is read with both languages in step") {
  const auto lesson = parse_lesson(kLesson, "lessons/01-a.md");
  REQUIRE_MESSAGE(lesson, (lesson ? "" : lesson.error().message()));
  CHECK(lesson->name == "01-a");
  CHECK(lesson->minutes == 5);
  REQUIRE(lesson->steps.size() == 2);
  const Step& ask = lesson->steps[0];
  CHECK(ask.question.text.en == "Question?");
  CHECK(ask.question.options[0].right);
  CHECK_FALSE(ask.question.options[1].right);
  const Step& act = lesson->steps[1];
  CHECK(act.link == "sample=digits&tab=run");
  CHECK(act.conditions.at(0).predicate->name == "pass_off");
  CHECK(act.body.zh == "正文 `a | b`");
  CHECK(act.body.en.find("## no step") != std::string::npos);
}

TEST_CASE("what is wrong is said with file and line") {
  refused(with("pass_off fuse-tasks", "pass_off fuse-everything"), "lessons/a.md:16", "'fuse-everything' is no pass");
  refused(with("pass_off fuse-tasks", "fly away"), "lessons/a.md:16", "'fly' is no check");
  refused(with("pass_off fuse-tasks", "latency_below soon"), "lessons/a.md:16", "'soon' is not a number");
  refused(with("pass_off fuse-tasks", "chip"), "lessons/a.md:16", "takes 1 arguments");
  refused(with("sample=digits", "sample=digit"), "lessons/a.md:15", "'digit' is no sample");
  refused(with("tab=run", "tab=nowhere"), "lessons/a.md:15", "sets nothing");
  refused(with("## do", "## dance"), "lessons/a.md:13", "'dance' is no kind of step");
  refused(with("answer one", "answer two"), "lessons/a.md:5", "'two' is no kind of answer");
  refused(with("- [ ] 错 | wrong", "- [x] 错 | wrong"), "lessons/a.md:5", "2 options are right");
  refused(with("- [ ] 错 | wrong", "- [ ] 对 | right"), "lessons/a.md:5", "there twice");
  refused(with("why: 因为 {isa.block_bytes} | Because {isa.block_bytes}\n", ""), "lessons/a.md:5", "not explained");
  refused(with("{isa.block_bytes} |", "{isa.blok} |"), "lessons/a.md:9", "'isa.blok' is not known");
  refused(with("hint: 提示 | Hint", "hint: Hint"), "lessons/a.md:17", "one language");
  refused(with("---\nText\n", "Text\n"), "lessons/a.md:13", "one language is missing");
  refused(with("check: pass_off fuse-tasks\n", ""), "lessons/a.md:13", "nothing is checked");
  refused(with("minutes: 5", "minutes: soon"), "lessons/a.md:3", "'soon' is not a number");
  refused(kLesson.substr(0, kLesson.rfind("```")), "lessons/a.md:13", "does not end");
  refused(kLesson.substr(0, kLesson.find("## do")), "lessons/a.md:1", "something to do");
  refused(kLesson.substr(0, kLesson.find("## answer")) + kLesson.substr(kLesson.find("## do")), "lessons/a.md:1", "a question");
  refused("", "lessons/a.md:1", "begins with");
}

TEST_CASE("a number question needs a value and takes no options") {
  const std::string text = "# t: 题 | Topic\n## number\n几？ | How many?\nvalue: 1 +\nwhy: 因 | why\n";
  const auto bank = parse_quiz(text, "q.md");
  REQUIRE_FALSE(bank);
  CHECK(bank.error().where == "q.md:4");
  CHECK_FALSE(parse_quiz("# t: 题 | Topic\n## number\n几？ | How many?\nvalue: now.us\nwhy: 因 | why\n", "q.md"));  // depends on the open model
  CHECK_FALSE(parse_quiz("# t: 题 | Topic\n## number\n几？ | How many?\n- [x] 一 | one\nwhy: 因 | why\n", "q.md"));
  CHECK_FALSE(parse_quiz("## number\n几？ | How many?\nvalue: 1\nwhy: 因 | why\n", "q.md"));
  CHECK(parse_quiz("# t: 题 | Topic\n## number\n几？ | How many?\nvalue: 1\nwhy: 因 | why\n", "q.md"));
}

TEST_CASE("damaged lessons are refused with a line, or read") {
  for (size_t length = 0; length <= kLesson.size(); ++length) fuzz::lesson(as_byte_view(kLesson).first(length));
  const std::string quiz = "# t: 题 | Topic\n## several\n几？ | How many {isa.pipes}?\n- [x] 一 | one\n- [ ] 二 | {soc.Ascend310.ub_kb / (2)}\nwhy: 因 | why\n";
  const std::string progress = R"({"version":1,"done":{"a":2},"best":{"exam":90},"name":"x","exam":{"right":18,"total":20,"seed":1,"date":"2026-01-31"}})";
  for (uint64_t seed = 0; seed < 3000; ++seed)
    for (const std::string& text : {kLesson, quiz, progress}) fuzz::lesson(fuzz::Mutator(seed)(as_byte_view(text)));
}

TEST_CASE("Markdown becomes blocks") {
  const auto blocks = parse_markdown("### Head\nfirst line\nsecond **bold** `co*de*` 3 * 4 * 5\n\n- one\n  - two\n12. three\n```\nx {\n```\n| a | b |\n|---|---|\n| 1 | `2` |");
  REQUIRE(blocks.size() == 7);
  CHECK(blocks[0].kind == TextBlock::Heading);
  CHECK(blocks[1].spans == TextSpans{{TextSpan::Plain, "first line second "}, {TextSpan::Strong, "bold"}, {TextSpan::Plain, " "}, {TextSpan::Code, "co*de*"}, {TextSpan::Plain, " 3 * 4 * 5"}});
  CHECK(blocks[3].level == 1);
  CHECK(blocks[4].mark == "12.");
  CHECK(blocks[5].code == "x {");
  REQUIRE(blocks[6].rows.size() == 2);
  CHECK(blocks[6].rows[1][1] == TextSpans{{TextSpan::Code, "2"}});
  CHECK(parse_markdown("甲\n乙")[0].spans[0].text == "甲乙");  // no space between Chinese lines
}
