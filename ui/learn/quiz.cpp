// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/quiz.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace npu::ui {
namespace {

// splitmix64: the standard library's distributions differ between targets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  size_t below(size_t bound) {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return static_cast<size_t>((z ^ z >> 31) % bound);
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace

bool is_right(const Question& question, const Given& given, const Facts& facts) {
  if (question.kind == Question::Kind::Number) {
    std::string_view text = given.number;
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    const auto value = decimal(text);
    const auto expected = evaluate(question.value, facts);
    return value && expected && std::abs(*value - *expected) <= question.tolerance + 1e-9;
  }
  if (given.chosen.empty()) return false;
  for (size_t i = 0; i < question.options.size(); ++i)
    if (question.options[i].right != given.chosen.contains(i)) return false;
  return true;
}

std::vector<DrawnQuestion> draw_quiz(const QuizBank& bank, std::string_view topic, uint32_t seed, size_t count) {
  Random random(seed);
  std::vector<std::vector<size_t>> by_topic(bank.topics.size());
  for (size_t i = 0; i < bank.questions.size(); ++i) {
    const size_t of = bank.questions[i].topic;
    if (topic.empty() || bank.topics[of].name == topic) by_topic[of].push_back(i);
  }
  for (auto& list : by_topic) random.shuffle(list);
  random.shuffle(by_topic);
  std::vector<size_t> chosen;
  for (size_t round = 0; chosen.size() < count; ++round) {
    const size_t before = chosen.size();
    for (const auto& list : by_topic)
      if (round < list.size() && chosen.size() < count) chosen.push_back(list[round]);
    if (chosen.size() == before) break;  // all are drawn
  }
  random.shuffle(chosen);
  std::vector<DrawnQuestion> drawn;
  for (const size_t index : chosen) {
    DrawnQuestion question{index, std::vector<size_t>(bank.questions[index].question.options.size())};
    std::iota(question.order.begin(), question.order.end(), size_t{0});
    random.shuffle(question.order);
    drawn.push_back(std::move(question));
  }
  return drawn;
}

int Quiz::right_count() const { return static_cast<int>(std::ranges::count(right, true)); }

int Quiz::percent() const { return questions.empty() ? 0 : right_count() * 100 / static_cast<int>(questions.size()); }

}  // namespace npu::ui
