// SPDX-License-Identifier: Apache-2.0
#include "ui/profile/text_table.h"

#include <algorithm>
#include <random>
#include <utility>

#include <doctest/doctest.h>

using namespace npu::ui;

namespace {

const TextTable kTable{{"Op Name", "us", "shapes"}, {{"conv1", "10.5", "1,3,224"}, {"Relu", "9", "say \"hi\""}, {"conv2", "100", "a\tb"}, {"x", "N/A", "two\nlines"}}};

// A reader of RFC 4180, written from its grammar.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') row.back() += text[++i];
    else if (text[i] == '"') quoted = !quoted;
    else if (!quoted && text[i] == ',') row.emplace_back();
    else if (!quoted && text[i] == '\n') rows.push_back(std::exchange(row, {""}));
    else row.back() += text[i];
  }
  return rows;
}

}  // namespace

TEST_CASE("numbers are sorted by value, before what is no number, and a filter finds any cell") {
  CHECK(select_rows(kTable, "", -1, false) == std::vector<int>{0, 1, 2, 3});
  CHECK(select_rows(kTable, "", 1, false) == std::vector<int>{1, 0, 2, 3});
  CHECK(select_rows(kTable, "", 1, true) == std::vector<int>{3, 2, 0, 1});
  CHECK(select_rows(kTable, "", 0, false) == std::vector<int>{1, 0, 2, 3});
  CHECK(select_rows(kTable, "CONV", -1, false) == std::vector<int>{0, 2});
  CHECK(select_rows(kTable, "224", -1, false) == std::vector<int>{0});
  CHECK(select_rows(kTable, "nothing", 1, false).empty());
}

TEST_CASE("sorting agrees with swapping neighbours until none is out of order") {
  std::mt19937 random(3);
  TextTable table{{"a", "b"}, {}};
  for (int i = 0; i < 120; ++i) table.rows.push_back({std::to_string(random() % 40), i % 3 ? "even" : "odd"});
  std::vector<int> expected;
  for (int i = 0; i < 120; ++i)
    if (i % 3 == 0) expected.push_back(i);
  const auto value = [&](int i) { return std::stoi(table.rows[static_cast<size_t>(i)][0]); };
  for (size_t round = 0; round < expected.size(); ++round)
    for (size_t i = 1; i < expected.size(); ++i)
      if (value(expected[i]) < value(expected[i - 1])) std::swap(expected[i], expected[i - 1]);
  CHECK(select_rows(table, "ODD", 0, false) == expected);
}

TEST_CASE("what is copied is read back as it was") {
  auto rows = read_csv(copy_text(kTable, {3, 0, 1}, ','));
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == kTable.headers);
  CHECK(rows[1] == kTable.rows[3]);
  CHECK(rows[2] == kTable.rows[0]);
  CHECK(rows[3] == kTable.rows[1]);
  CHECK(copy_text(kTable, {2, 3}, '\t') == "Op Name\tus\tshapes\nconv2\t100\ta b\nx\tN/A\ttwo lines\n");
}
