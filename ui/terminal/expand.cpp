// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/expand.h"

#include <algorithm>

namespace npu::terminal {
namespace {

struct Pattern {
  std::string text;
  std::vector<bool> literal;

  void add(std::string_view part, bool is_literal) {
    text += part;
    literal.resize(text.size(), is_literal);
  }
  bool is_open(size_t i) const { return !literal[i] && (text[i] == '*' || text[i] == '?'); }
};

std::string value_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

Pattern pattern_of(const Word& word, const Variables& variables) {
  Pattern pattern;
  for (size_t i = 0; i < word.size(); ++i) {
    const Piece& piece = word[i];
    if (piece.kind == Piece::Kind::Variable) {
      pattern.add(value_of(variables, piece.text), true);
      continue;
    }
    std::string_view text = piece.text;
    const bool plain = piece.kind == Piece::Kind::Plain;
    if (i == 0 && plain && text.starts_with('~') && (text.size() > 1 ? text[1] == '/' : word.size() == 1)) {
      pattern.add(value_of(variables, "HOME"), true);
      text.remove_prefix(1);
    }
    pattern.add(text, !plain);
  }
  return pattern;
}

// The paths that match from the part at `begin` on, whose folder is `before` (with its '/').
void match_paths(const Pattern& pattern, size_t begin, const std::string& before, FileSystem& files, std::vector<std::string>& found) {
  const size_t end = std::min(pattern.text.find('/', begin), pattern.text.size());
  const std::string_view part = std::string_view(pattern.text).substr(begin, end - begin);
  const std::vector<bool> literal(pattern.literal.begin() + static_cast<std::ptrdiff_t>(begin), pattern.literal.begin() + static_cast<std::ptrdiff_t>(end));
  const bool last = end == pattern.text.size();
  const auto go_on = [&](std::string_view name) {
    const std::string path = before + std::string(name);
    if (!last) return match_paths(pattern, end + 1, path + "/", files, found);
    if (files.kind(path) != FileKind::None) found.push_back(path);
  };
  bool open = false;
  for (size_t i = begin; i < end; ++i) open |= pattern.is_open(i);
  if (!open) return go_on(part);
  const auto entries = files.list(before.empty() ? "." : before);
  if (!entries) return;
  for (const FolderEntry& entry : *entries)
    if ((part.front() == '.' || !entry.name.starts_with('.')) && matches(part, literal, entry.name)) go_on(entry.name);
}

}  // namespace

// Greedy with one way back: to the last '*'.
bool matches(std::string_view pattern, const std::vector<bool>& literal, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    const bool open = p < pattern.size() && !literal[p];
    if (open && pattern[p] == '*') star = p++, star_name = n;
    else if (p < pattern.size() && ((open && pattern[p] == '?' && name[n] != '/') || pattern[p] == name[n])) ++p, ++n;
    else if (star != std::string_view::npos && name[star_name] != '/') p = star + 1, n = ++star_name;
    else return false;
  }
  while (p < pattern.size() && !literal[p] && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string expand_text(const Word& word, const Variables& variables) { return pattern_of(word, variables).text; }

std::vector<std::string> expand_word(const Word& word, const Variables& variables, FileSystem& files) {
  const Pattern pattern = pattern_of(word, variables);
  bool open = false;
  for (size_t i = 0; i < pattern.text.size(); ++i) open |= pattern.is_open(i);
  std::vector<std::string> found;
  if (open) match_paths(pattern, 0, "", files, found);
  if (found.empty()) found.push_back(pattern.text);
  return found;
}

}  // namespace npu::terminal
