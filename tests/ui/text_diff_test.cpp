// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>

#include "ui/studio/text_diff.h"

using namespace npu::ui;

namespace {

std::string side(const TextDiff& diff, DiffLine::Kind without) {
  std::string text;
  for (const DiffLine& line : diff.lines)
    if (line.kind != without) text += line.text + "\n";
  return text;
}

std::string marked(const TextDiff& diff) {
  std::string text;
  for (const DiffLine& line : diff.lines) text += " -+"[line.kind] + line.text + "\n";
  return text;
}

// Length of the longest common subsequence by the textbook recurrence, on one-character lines.
size_t common_length(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j)
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
  return table[a.size()][b.size()];
}

std::string lines_of(const std::string& letters) {
  std::string text;
  for (const char c : letters) text += std::string(1, c) + "\n";
  return text;
}

}  // namespace

TEST_CASE("changed lines are marked, removed before added") {
  const TextDiff diff = diff_lines("a\nb\nc\nd\n", "a\nx\ny\nd\ne\n");
  CHECK(marked(diff) == " a\n-b\n-c\n+x\n+y\n d\n+e\n");
  CHECK(diff.removed == 2);
  CHECK(diff.added == 3);
  CHECK(diff.changes == std::vector<size_t>{1, 6});
}

TEST_CASE("equal and empty texts") {
  CHECK(diff_lines("a\nb\n", "a\nb\n").changes.empty());
  CHECK(diff_lines("", "").lines.empty());
  CHECK(marked(diff_lines("", "a\n")) == "+a\n");
  CHECK(marked(diff_lines("a\n", "")) == "-a\n");
}

TEST_CASE("both texts can be read back and the script is shortest") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::string a, b;
    for (size_t i = random() % 30; i > 0; --i) a += static_cast<char>('a' + random() % 4);
    for (size_t i = random() % 30; i > 0; --i) b += static_cast<char>('a' + random() % 4);
    const TextDiff diff = diff_lines(lines_of(a), lines_of(b));
    CHECK(side(diff, DiffLine::Added) == lines_of(a));
    CHECK(side(diff, DiffLine::Removed) == lines_of(b));
    CHECK(diff.removed + diff.added == a.size() + b.size() - 2 * common_length(a, b));
  }
}

TEST_CASE("texts with nothing in common stay cheap") {
  std::string a, b;
  for (int i = 0; i < 20000; ++i) a += "a" + std::to_string(i) + "\n", b += "b" + std::to_string(i) + "\n";
  const TextDiff diff = diff_lines(a, b);
  CHECK(diff.removed == 20000);
  CHECK(diff.added == 20000);
}
