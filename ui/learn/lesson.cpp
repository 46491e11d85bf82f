// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/lesson.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace npu::ui {
namespace {

constexpr size_t kMostSteps = 40, kMostQuestions = 1000, kMostOptions = 9;

constexpr std::pair<std::string_view, StepKind> kStepKinds[] = {
    {"read", StepKind::Read}, {"look", StepKind::Look}, {"do", StepKind::Do}, {"answer", StepKind::Answer}, {"achieve", StepKind::Achieve}};
constexpr std::pair<std::string_view, Question::Kind> kQuestionKinds[] = {
    {"one", Question::Kind::One}, {"several", Question::Kind::Several}, {"number", Question::Kind::Number}};

std::string_view trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Without empty lines at both ends.
std::string trim_lines(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const size_t begin = text.find_first_not_of('\n');
  return begin == std::string::npos ? std::string() : text.substr(begin);
}

template <class T, size_t N>
std::optional<T> by_name(const std::pair<std::string_view, T> (&names)[N], std::string_view name) {
  for (const auto& [candidate, value] : names)
    if (candidate == name) return value;
  return {};
}

// The lines of a file, with what is said of them in errors.
class Lines {
 public:
  Lines(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) { read(); }

  bool end() const { return end_; }
  std::string_view line() const { return line_; }  // as it is, without the end of the line
  int number() const { return number_; }
  void next() { read(); }

  std::unexpected<Error> wrong(std::string what) const { return wrong_at(number_, std::move(what)); }
  std::unexpected<Error> wrong_at(int number, std::string what) const {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}:{}", file_, number), std::move(what));
  }
  // An error of something smaller gets the place where it was written.
  template <class R>
  std::unexpected<Error> placed(int number, const R& result) const {
    return wrong_at(number, result.error().what);
  }

 private:
  void read() {
    if (rest_.empty()) {
      end_ = true;
      line_ = {};
      return;
    }
    const size_t length = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, length);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    ++number_;
  }

  std::string_view rest_, line_;
  std::string file_;
  int number_ = 0;
  bool end_ = false;
};

// "中文 | English".
Result<Text> both(const Lines& at, std::string_view text) {
  const size_t bar = text.find(" | ");
  if (bar == std::string_view::npos) return at.wrong(fmt::format("'{}' has one language; both are written as 'Chinese | English'", text));
  Text both{std::string(trim(text.substr(bar + 3))), std::string(trim(text.substr(0, bar)))};
  if (both.en.empty() || both.zh.empty()) return at.wrong("the text of one language is empty");
  if (const Status status = check_text(both.en + both.zh); !status) return at.placed(at.number(), status);
  return both;
}

// "key: value" of a known key; the rest is text.
bool take_key(std::string_view line, std::string_view key, std::string_view& value) {
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') return false;
  value = trim(line.substr(key.size() + 1));
  return true;
}

Result<double> number(const Lines& at, std::string_view text) {
  const auto value = decimal(text);
  if (!value || *value < 0) return at.wrong(fmt::format("'{}' is not a number", text));
  return *value;
}

// A line of a question; false: it is none.
Result<bool> question_line(const Lines& at, Question& q) {
  const std::string_view line = at.line();
  std::string_view value;
  if (line.starts_with("- [ ] ") || line.starts_with("- [x] ")) {
    if (q.kind == Question::Kind::Number) return at.wrong("a number has no options");
    if (q.options.size() == kMostOptions) return at.wrong(fmt::format("more than {} options", kMostOptions));
    NPU_TRY(Text text, both(at, line.substr(6)));
    q.options.push_back({std::move(text), line[3] == 'x'});
    return true;
  }
  if (take_key(line, "value", value)) {
    if (value.empty()) return at.wrong("'value:' needs a number or an expression");
    if (const Status known = check_expression(value); !known) return at.placed(at.number(), known);
    q.value = value;
    return true;
  }
  if (take_key(line, "tolerance", value)) {
    NPU_TRY(q.tolerance, number(at, value));
    return true;
  }
  if (take_key(line, "why", value)) {
    NPU_TRY(q.why, both(at, value));
    return true;
  }
  return false;
}

Status check_question(const Lines& at, const Question& q) {
  if (q.text.en.empty() || q.text.zh.empty()) return at.wrong_at(q.line, "the question's text is missing in one language");
  if (q.why.en.empty()) return at.wrong_at(q.line, "the answer is not explained ('why:')");
  if (q.kind == Question::Kind::Number) {
    if (q.value.empty()) return at.wrong_at(q.line, "a number needs 'value:'");
    return {};
  }
  if (!q.value.empty()) return at.wrong_at(q.line, "only a number has 'value:'");
  if (q.options.size() < 2) return at.wrong_at(q.line, fmt::format("{} options; there must be two at least", q.options.size()));
  const auto right = std::ranges::count(q.options, true, &Option::right);
  if (q.kind == Question::Kind::One && right != 1) return at.wrong_at(q.line, fmt::format("{} options are right; of 'one' exactly one is", right));
  if (right == 0) return at.wrong_at(q.line, "no option is right");
  for (size_t i = 0; i < q.options.size(); ++i)
    for (size_t j = i + 1; j < q.options.size(); ++j)
      if (q.options[i].text.en == q.options[j].text.en || q.options[i].text.zh == q.options[j].text.zh)
        return at.wrong_at(q.line, fmt::format("option '{}' is there twice", q.options[i].text.en));
  return {};
}

// A step's settings: true when the line was one.
Result<bool> step_line(const Lines& at, Step& step) {
  std::string_view value;
  if (take_key(at.line(), "title", value)) {
    NPU_TRY(step.title, both(at, value));
  } else if (take_key(at.line(), "hint", value)) {
    NPU_TRY(step.hint, both(at, value));
  } else if (take_key(at.line(), "link", value)) {
    if (const Status known = check_link(value); !known) return at.placed(at.number(), known);
    step.link = value;
  } else if (take_key(at.line(), "check", value)) {
    auto condition = parse_condition(value);
    if (!condition) return at.placed(at.number(), condition);
    step.conditions.push_back(std::move(*condition));
  } else if (at.line() == "offer: accuracy") {
    step.measure = true;
  } else {
    return false;
  }
  return true;
}

Status check_step(const Lines& at, Step& step) {
  const bool asks = step.kind == StepKind::Answer;
  if (step.title.en.empty()) return at.wrong_at(step.line, "the step has no 'title:'");
  if (step.body.en.empty() || step.body.zh.empty()) return at.wrong_at(step.line, "the text of one language is missing: Chinese, a line '---', English");
  for (const std::string* text : {&step.body.en, &step.body.zh})
    if (const Status known = check_text(*text); !known) return at.placed(step.line, known);
  const bool needs_check = step.kind == StepKind::Look || step.kind == StepKind::Do || step.kind == StepKind::Achieve;
  if (needs_check != !step.conditions.empty()) return at.wrong_at(step.line, needs_check ? "nothing is checked ('check:')" : "only look, do and achieve have 'check:'");
  if (!asks) return {};
  step.question.text = step.body;
  return check_question(at, step.question);
}

// From "## kind" to the next one.
Result<Step> parse_step(Lines& at) {
  Step step;
  step.line = step.question.line = at.number();
  std::string_view words = trim(at.line().substr(3));
  const std::string_view kind = words.substr(0, words.find(' '));
  const auto known = by_name(kStepKinds, kind);
  if (!known) return at.wrong(fmt::format("'{}' is no kind of step: read, look, do, answer or achieve", kind));
  step.kind = *known;
  if (step.kind == StepKind::Answer) {
    const std::string_view answer = trim(words.substr(kind.size()));
    const auto question = by_name(kQuestionKinds, answer);
    if (!question) return at.wrong(fmt::format("'{}' is no kind of answer: one, several or number", answer));
    step.question.kind = *question;
  } else if (kind != words) {
    return at.wrong(fmt::format("'{}' takes no more words", kind));
  }
  std::string* body = &step.body.zh;
  bool code = false;
  for (at.next(); !at.end() && (code || !at.line().starts_with("## ")); at.next()) {
    if (at.line().starts_with("```")) code = !code;
    if (!code) {
      NPU_TRY(const bool of_step, step_line(at, step));
      if (of_step) continue;
      if (step.kind == StepKind::Answer) {
        NPU_TRY(const bool of_question, question_line(at, step.question));
        if (of_question) continue;
      }
      if (at.line() == "---") {
        if (body == &step.body.en) return at.wrong("a second '---' in the step");
        body = &step.body.en;
        continue;
      }
    }
    *body += std::string(at.line()) + "\n";
  }
  if (code) return at.wrong_at(step.line, "code that does not end");
  step.body = {trim_lines(std::move(step.body.en)), trim_lines(std::move(step.body.zh))};
  NPU_CHECK(check_step(at, step));
  return step;
}

}  // namespace

Result<Lesson> parse_lesson(std::string_view text, const std::string& file) {
  Lines at(text, file);
  Lesson lesson;
  const size_t slash = file.rfind('/');
  lesson.name = file.substr(slash == std::string::npos ? 0 : slash + 1);
  lesson.name = lesson.name.substr(0, lesson.name.rfind('.'));
  for (; !at.end() && !at.line().starts_with("## "); at.next()) {
    std::string_view value;
    if (trim(at.line()).empty()) continue;
    if (at.line().starts_with("# ")) {
      NPU_TRY(lesson.title, both(at, at.line().substr(2)));
    } else if (take_key(at.line(), "goal", value)) {
      NPU_TRY(lesson.goal, both(at, value));
    } else if (take_key(at.line(), "minutes", value)) {
      NPU_TRY(const double minutes, number(at, value));
      if (!(minutes >= 1 && minutes <= 600)) return at.wrong(fmt::format("{} minutes", value));
      lesson.minutes = static_cast<int>(minutes);
    } else {
      return at.wrong(fmt::format("'{}' is neither a title, nor 'goal:', nor 'minutes:'", at.line()));
    }
  }
  if (lesson.title.en.empty() || lesson.goal.en.empty() || lesson.minutes == 0) return at.wrong_at(1, "a lesson begins with '# title', 'goal:' and 'minutes:'");
  while (!at.end()) {
    if (lesson.steps.size() == kMostSteps) return at.wrong(fmt::format("more than {} steps", kMostSteps));
    NPU_TRY(Step step, parse_step(at));
    lesson.steps.push_back(std::move(step));
  }
  const auto has = [&](auto kind) { return std::ranges::any_of(lesson.steps, [&](const Step& s) { return kind(s.kind); }); };
  if (!has([](StepKind k) { return k == StepKind::Answer; }) || !has([](StepKind k) { return k == StepKind::Do || k == StepKind::Achieve; }))
    return at.wrong_at(1, "a lesson needs a question, and something to do or achieve");
  return lesson;
}

Result<QuizBank> parse_quiz(std::string_view text, const std::string& file) {
  Lines at(text, file);
  QuizBank bank;
  while (!at.end()) {
    if (trim(at.line()).empty()) {
      at.next();
      continue;
    }
    if (at.line().starts_with("# ")) {
      const std::string_view words = at.line().substr(2);
      const size_t colon = words.find(": ");
      if (colon == std::string_view::npos) return at.wrong("a topic is written as '# name: Chinese | English'");
      NPU_TRY(Text title, both(at, words.substr(colon + 2)));
      bank.topics.push_back({std::string(words.substr(0, colon)), std::move(title)});
      at.next();
      continue;
    }
    if (!at.line().starts_with("## ") || bank.topics.empty()) return at.wrong("a question begins with '## one', '## several' or '## number', below its topic");
    if (bank.questions.size() == kMostQuestions) return at.wrong(fmt::format("more than {} questions", kMostQuestions));
    BankQuestion entry{bank.topics.size() - 1, {}};
    Question& q = entry.question;
    q.line = at.number();
    const auto kind = by_name(kQuestionKinds, trim(at.line().substr(3)));
    if (!kind) return at.wrong(fmt::format("'{}' is no kind of answer: one, several or number", trim(at.line().substr(3))));
    q.kind = *kind;
    for (at.next(); !at.end() && !at.line().starts_with("#"); at.next()) {
      if (trim(at.line()).empty()) continue;
      NPU_TRY(const bool taken, question_line(at, q));
      if (taken) continue;
      if (!q.text.en.empty()) return at.wrong("a question has one line of text");
      NPU_TRY(q.text, both(at, at.line()));
    }
    if (is_live(q.value)) return at.wrong_at(q.line, "a question of the bank cannot depend on the open model");
    NPU_CHECK(check_question(at, q));
    bank.questions.push_back(std::move(entry));
  }
  if (bank.questions.empty()) return at.wrong_at(1, "there are no questions");
  return bank;
}

Result<std::vector<std::string>> parse_lesson_list(std::string_view text, const std::string& file) {
  Lines at(text, file);
  std::vector<std::string> names;
  for (; !at.end(); at.next()) {
    const std::string_view name = trim(at.line());
    if (name.empty()) continue;
    const bool plain = std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
    if (!plain || names.size() == kMostSteps) return at.wrong(fmt::format("'{}' is no name of a lesson", name));
    if (std::ranges::find(names, name) != names.end()) return at.wrong(fmt::format("'{}' is there twice", name));
    names.emplace_back(name);
  }
  if (names.empty()) return at.wrong_at(1, "there are no lessons");
  return names;
}

}  // namespace npu::ui
