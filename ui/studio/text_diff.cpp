// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/text_diff.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace npu::ui {
namespace {

using Lines = std::vector<std::string_view>;
constexpr int kMostEdits = 2000;  // beyond it the trace of the search would take more memory than it is worth

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Myers' greedy search: kinds of the merged lines, or nothing when more than kMostEdits edits are needed.
std::vector<DiffLine::Kind> edit_script(const Lines& a, const Lines& b) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  const int most = std::min(n + m, kMostEdits);
  std::vector<std::vector<int>> trace;  // trace[d][k + d]: furthest x on diagonal k after d edits
  for (int d = 0; d <= most; ++d) {
    std::vector<int> row(static_cast<size_t>(2 * d + 1));
    const auto previous = [&](int k) {
      return d > 0 && k >= -(d - 1) && k <= d - 1 ? trace.back()[static_cast<size_t>(k + d - 1)] : -1;
    };
    bool found = false;
    for (int k = -d; k <= d && !found; k += 2) {
      int x = 0;
      if (d > 0) x = k == -d || (k != d && previous(k - 1) < previous(k + 1)) ? previous(k + 1) : previous(k - 1) + 1;
      int y = x - k;
      while (x < n && y < m && a[static_cast<size_t>(x)] == b[static_cast<size_t>(y)]) ++x, ++y;
      row[static_cast<size_t>(k + d)] = x;
      found = x >= n && y >= m;
    }
    trace.push_back(std::move(row));
    if (found) break;
    if (d == most) return {};
  }
  std::vector<DiffLine::Kind> kinds;
  int x = n, y = m;
  for (int d = static_cast<int>(trace.size()) - 1; d >= 0; --d) {
    const int k = x - y;
    int from_x = 0, from_y = 0;
    if (d > 0) {
      const auto previous = [&](int diagonal) {
        return diagonal >= -(d - 1) && diagonal <= d - 1
                   ? trace[static_cast<size_t>(d - 1)][static_cast<size_t>(diagonal + d - 1)]
                   : -1;
      };
      const int from = k == -d || (k != d && previous(k - 1) < previous(k + 1)) ? k + 1 : k - 1;
      from_x = previous(from);
      from_y = from_x - from;
    }
    while (x > from_x && y > from_y) kinds.push_back(DiffLine::Same), --x, --y;
    if (d > 0) kinds.push_back(x > from_x ? DiffLine::Removed : DiffLine::Added);
    x = from_x;
    y = from_y;
  }
  std::reverse(kinds.begin(), kinds.end());
  return kinds;
}

// Removed lines before added ones within a run of changes: pairs are easier to read.
void sort_runs(std::vector<DiffLine>& lines) {
  for (auto begin = lines.begin(); begin != lines.end();) {
    if (begin->kind == DiffLine::Same) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, lines.end(), [](const DiffLine& l) { return l.kind == DiffLine::Same; });
    std::stable_partition(begin, end, [](const DiffLine& l) { return l.kind == DiffLine::Removed; });
    begin = end;
  }
}

void summarise(TextDiff& diff) {
  DiffLine::Kind last = DiffLine::Same;
  for (size_t i = 0; i < diff.lines.size(); ++i) {
    const DiffLine::Kind kind = diff.lines[i].kind;
    if (kind != DiffLine::Same && last == DiffLine::Same) diff.changes.push_back(i);
    diff.removed += kind == DiffLine::Removed;
    diff.added += kind == DiffLine::Added;
    last = kind;
  }
}

}  // namespace

TextDiff diff_lines(const std::string& before, const std::string& after) {
  const Lines a = split_lines(before), b = split_lines(after);
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;

  const Lines a_middle(a.begin() + static_cast<std::ptrdiff_t>(head), a.end() - static_cast<std::ptrdiff_t>(tail));
  const Lines b_middle(b.begin() + static_cast<std::ptrdiff_t>(head), b.end() - static_cast<std::ptrdiff_t>(tail));
  std::vector<DiffLine::Kind> kinds = edit_script(a_middle, b_middle);
  if (kinds.empty()) {
    kinds.assign(a_middle.size(), DiffLine::Removed);
    kinds.insert(kinds.end(), b_middle.size(), DiffLine::Added);
  }

  TextDiff diff;
  const auto add = [&](DiffLine::Kind kind, std::string_view text) { diff.lines.push_back({kind, std::string(text)}); };
  for (size_t i = 0; i < head; ++i) add(DiffLine::Same, a[i]);
  size_t x = 0, y = 0;
  for (const DiffLine::Kind kind : kinds) {
    add(kind, kind == DiffLine::Added ? b_middle[y] : a_middle[x]);
    x += kind != DiffLine::Added;
    y += kind != DiffLine::Removed;
  }
  for (size_t i = a.size() - tail; i < a.size(); ++i) add(DiffLine::Same, a[i]);
  sort_runs(diff.lines);
  summarise(diff);
  return diff;
}

}  // namespace npu::ui
