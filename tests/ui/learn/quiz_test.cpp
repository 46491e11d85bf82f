// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/quiz.h"

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "ui/learn/certificate.h"
#include "ui/learn/course.h"
#include "ui/learn/sha256.h"

using namespace npu;
using namespace npu::ui;

namespace {

const Course& course() {
  static const Course kCourse = [] {
    auto loaded = load_course([](const std::string& file) -> Result<OwnedBytes> {
      NPU_TRY(const SharedBytes bytes, read_file(NPU_SOURCE_DIR "/samples/" + file));
      return OwnedBytes{*bytes, bytes};
    });
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    return std::move(*loaded);
  }();
  return kCourse;
}

bool has_chinese(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xe4; });
}

// {expressions} and `code` of a text: what both languages must have in common.
std::multiset<std::string> common_parts(const std::string& text) {
  std::multiset<std::string> parts;
  for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1))
    if (at + 1 < text.size() && ((text[at + 1] >= 'a' && text[at + 1] <= 'z') || (text[at + 1] >= '0' && text[at + 1] <= '9'))) parts.insert(text.substr(at, text.find('}', at) - at + 1));
  return parts;
}

std::string hex(std::string_view text) {
  std::string out;
  for (const uint8_t byte : sha256(text)) out += "0123456789abcdef"[byte >> 4], out += "0123456789abcdef"[byte & 15];
  return out;
}

Given right_answer(const Question& q, const Facts& facts) {
  Given given;
  for (size_t i = 0; i < q.options.size(); ++i)
    if (q.options[i].right) given.chosen.insert(i);
  if (q.kind == Question::Kind::Number) given.number = number_text(evaluate(q.value, facts).value());
  return given;
}

}  // namespace

TEST_CASE("the bank has 120 questions or more, each once, explained, in both languages") {
  const QuizBank& bank = course().bank;
  CHECK(bank.questions.size() >= 120);
  CHECK(bank.topics.size() >= 8);
  std::set<std::string> en, zh;
  std::map<size_t, int> per_topic;
  const Snapshot nothing;
  const Settings settings;
  for (const BankQuestion& entry : bank.questions) {
    const Question& q = entry.question;
    CAPTURE(q.text.en);
    CHECK(en.insert(q.text.en).second);
    CHECK(zh.insert(q.text.zh).second);
    CHECK(has_chinese(q.text.zh));
    CHECK_FALSE(has_chinese(q.text.en));
    CHECK(has_chinese(q.why.zh));
    CHECK_FALSE(has_chinese(q.why.en));
    CHECK(common_parts(q.text.en) == common_parts(q.text.zh));
    ++per_topic[entry.topic];
    const Facts facts{nothing, settings};
    CHECK(is_right(q, right_answer(q, facts), facts));
    CHECK_FALSE(is_right(q, {}, facts));
    Given all;
    for (size_t i = 0; i < q.options.size(); ++i) all.chosen.insert(i);
    all.number = "not a number";
    CHECK_FALSE(is_right(q, all, facts));
  }
  for (const auto& [topic, count] : per_topic) CHECK_MESSAGE(count >= 8, bank.topics[topic].name);
}

TEST_CASE("lessons say the same in both languages") {
  for (const Lesson& lesson : course().lessons)
    for (const Step& step : lesson.steps) {
      CAPTURE(lesson.name);
      CAPTURE(step.title.en);
      CHECK(has_chinese(step.body.zh));
      CHECK_FALSE(has_chinese(step.body.en));
      CHECK_FALSE(has_chinese(step.title.en));
      CHECK(common_parts(step.body.en) == common_parts(step.body.zh));
      CHECK(common_parts(step.hint.en) == common_parts(step.hint.zh));
      CHECK(common_parts(step.question.why.en).size() <= common_parts(step.question.why.zh).size() + 4);
    }
}

TEST_CASE("a seed draws the same test again, another seed another one") {
  const QuizBank& bank = course().bank;
  const auto indices = [&](std::string_view topic, uint32_t seed, size_t count) {
    std::vector<size_t> out;
    for (const DrawnQuestion& q : draw_quiz(bank, topic, seed, count)) out.push_back(q.index);
    return out;
  };
  const auto exam = indices("", 7, kExamQuestions);
  CHECK(exam == indices("", 7, kExamQuestions));
  CHECK(exam != indices("", 8, kExamQuestions));
  CHECK(std::set(exam.begin(), exam.end()).size() == kExamQuestions);
  std::map<size_t, int> per_topic;
  for (const size_t i : exam) ++per_topic[bank.questions[i].topic];
  for (size_t topic = 0; topic < bank.topics.size(); ++topic) CHECK(per_topic[topic] >= 1);  // evenly
  for (const size_t i : indices("memory", 3, 6)) CHECK(bank.topics[bank.questions[i].topic].name == "memory");
  CHECK(indices("memory", 3, 1000).size() < bank.questions.size());  // all of the topic, none twice
  CHECK(indices("no such topic", 3, 5).empty());
  for (const DrawnQuestion& q : draw_quiz(bank, "", 5, 40)) {
    std::vector<size_t> sorted = q.order;
    std::ranges::sort(sorted);
    for (size_t i = 0; i < sorted.size(); ++i) CHECK(sorted[i] == i);
  }
}

TEST_CASE("SHA-256 gives the published digests") {
  // FIPS 180-4's examples, and the empty text.
  CHECK(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a certificate's code verifies, and not after any field was changed") {
  Certificate c{"\xe6\x9d\x8e\xe9\x9b\xb7", "2026-01-31", 18, 20, 12, 42, {}};
  c.code = certificate_code(c);
  // The published scheme, by its words.
  const std::string digest = hex("npu-sandbox-certificate-1|\xe6\x9d\x8e\xe9\x9b\xb7|2026-01-31|18/20|12|42");
  std::string digits;
  for (const char d : c.code)
    if (d != '-') digits += static_cast<char>(std::tolower(d));
  CHECK(digits == digest.substr(0, 16));
  CHECK(verify(c));
  Certificate typed = c;
  typed.code = " " + digits;  // as somebody types it
  CHECK(verify(typed));
  const auto changed = [&](auto edit) {
    Certificate other = c;
    edit(other);
    return verify(other);
  };
  CHECK_FALSE(changed([](Certificate& o) { o.name += "x"; }));
  CHECK_FALSE(changed([](Certificate& o) { o.date = "2026-02-01"; }));
  CHECK_FALSE(changed([](Certificate& o) { o.right = 19; }));
  CHECK_FALSE(changed([](Certificate& o) { o.total = 21; }));
  CHECK_FALSE(changed([](Certificate& o) { o.lessons = 11; }));
  CHECK_FALSE(changed([](Certificate& o) { o.seed = 43; }));
  CHECK_FALSE(changed([](Certificate& o) { o.code[0] = o.code[0] == 'A' ? 'B' : 'A'; }));
  CHECK_FALSE(changed([](Certificate& o) { o.code.clear(); }));
}

TEST_CASE("a name cannot forge fields or mark-up") {
  CHECK(clean_name("  Ada | Lovelace\n ") == "Ada  Lovelace");
  const std::string longest(59, 'x');
  CHECK(clean_name(longest + "\xe6\x9d\x8e") == longest);  // never half a character
  Certificate c{"<b>&\"", "2026-01-31", 20, 20, 0, 1, {}};
  c.code = certificate_code(c);
  const std::string html = certificate_html(c, Language::Chinese);
  CHECK(html.find("<b>") == std::string::npos);
  CHECK(html.find("&lt;b&gt;&amp;&quot;") != std::string::npos);
  CHECK(html.find(c.code) != std::string::npos);
  CHECK(html.find("http") == std::string::npos);  // nothing is fetched
}
