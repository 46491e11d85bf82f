// SPDX-License-Identifier: Apache-2.0
#include "ui/profile/text_table.h"

#include <algorithm>
#include <optional>

#include "core/base/parse_real.h"

namespace npu::ui {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view part) {
  return std::ranges::search(text, part, [](char a, char b) { return lower(a) == lower(b); }).begin() != text.end() || part.empty();
}

std::string cell_text(std::string_view cell, char separator) {
  std::string text(cell);
  if (separator != ',') {
    std::ranges::replace_if(text, [&](char c) { return c == separator || c == '\n' || c == '\r'; }, ' ');
    return text;
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::vector<int> select_rows(const TextTable& table, std::string_view filter, int column, bool descending) {
  std::vector<int> rows;
  for (size_t i = 0; i < table.rows.size(); ++i)
    if (std::ranges::any_of(table.rows[i], [&](const std::string& cell) { return contains(cell, filter); })) rows.push_back(static_cast<int>(i));
  if (column < 0 || static_cast<size_t>(column) >= table.headers.size()) return rows;
  struct Key {
    std::optional<double> number;
    const std::string* text;
  };
  std::vector<Key> keys(table.rows.size());
  for (const int i : rows) {
    const std::string& cell = table.rows[static_cast<size_t>(i)][static_cast<size_t>(column)];
    keys[static_cast<size_t>(i)] = {parse_real(cell), &cell};
  }
  const auto less = [&](int x, int y) {
    const Key &a = keys[static_cast<size_t>(x)], &b = keys[static_cast<size_t>(y)];
    if (a.number && b.number) return *a.number < *b.number;
    if (a.number || b.number) return a.number.has_value();
    return *a.text < *b.text;
  };
  std::ranges::stable_sort(rows, [&](int x, int y) { return descending ? less(y, x) : less(x, y); });
  return rows;
}

std::string copy_text(const TextTable& table, const std::vector<int>& rows, char separator) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) text += (i ? std::string(1, separator) : std::string()) + cell_text(cells[i], separator);
    text += '\n';
  };
  add(table.headers);
  for (const int i : rows) add(table.rows[static_cast<size_t>(i)]);
  return text;
}

}  // namespace npu::ui
