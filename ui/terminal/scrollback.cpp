// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/scrollback.h"

#include <algorithm>
#include <cctype>

namespace npu::terminal {
namespace {

constexpr char kEscape = '\x1b';

// Bytes of the character that begins with `first`; 0: none begins so.
size_t length_of(unsigned char first) { return first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Neither overlong nor a surrogate nor beyond the last one.
bool is_character(std::string_view bytes) {
  size_t at = 0;
  const char32_t c = next_character(bytes, at);
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return c >= kLeast[bytes.size()] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

struct Range {
  char32_t first, last;
};
// East Asian Wide and Fullwidth, the blocks that texts here use (Unicode, EastAsianWidth).
constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

}  // namespace

int cells_of(char32_t c) {
  for (const Range& range : kWide)
    if (c >= range.first && c <= range.last) return 2;
  return 1;
}

int cells_of(std::string_view text) {
  int cells = 0;
  for (size_t at = 0; at < text.size();) cells += cells_of(next_character(text, at));
  return cells;
}

char32_t next_character(std::string_view text, size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const size_t length = std::min(std::max<size_t>(length_of(first), 1), text.size() - at);
  char32_t c = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  at += length;
  return c;
}

void Scrollback::append(Style style, std::string_view added) {
  ++version_;
  const std::string joined = pending_ + std::string(added);
  pending_.clear();
  const std::string_view text = joined;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == kEscape) {
      // ESC [ parameters letter
      size_t end = at + 1;
      if (end < text.size() && text[end] == '[') ++end;
      while (end < text.size() && !std::isalpha(static_cast<unsigned char>(text[end])) && end - at < 16) ++end;
      if (end >= text.size()) return void(pending_ = text.substr(at));
      if (text.substr(at, end + 1 - at) == "\x1b[K" && returned_) last().text.clear(), last().spans.clear(), returned_ = false;
      at = end + 1;
      continue;
    }
    const size_t length = length_of(static_cast<unsigned char>(c));
    size_t end = at + 1;
    while (end < at + length && end < text.size() && is_continuation(text[end])) ++end;
    if (end < at + length && end == text.size()) return void(pending_ = text.substr(at));
    if (c == '\n') new_line();
    else if (c == '\r') returned_ = true;
    else if (c == '\t') put_tab(style);
    else if (length == 0 || end < at + length || !is_character(text.substr(at, length))) put(style, "?"), end = at + 1;
    else if (length > 1 || static_cast<unsigned char>(c) >= 0x20) put(style, text.substr(at, length));
    at = end;
  }
}

Line& Scrollback::last() {
  if (!open_) {
    lines_.emplace_back();
    open_ = true;
    if (lines_.size() > kMostLines) lines_.pop_front(), ++dropped_;
  }
  return lines_.back();
}

void Scrollback::put(Style style, std::string_view character) {
  Line& line = last();
  if (returned_) line.text.clear(), line.spans.clear(), returned_ = false;
  if (line.text.size() + character.size() > kMostLineBytes) return;
  if (line.spans.empty() || line.spans.back().style != style) line.spans.push_back({style, line.text.size()});
  line.text += character;
}

void Scrollback::put_tab(Style style) {
  const int column = returned_ ? 0 : cells_of(last().text);
  for (int i = column % 8; i < 8; ++i) put(style, " ");
}

void Scrollback::new_line() {
  (void)last();
  open_ = returned_ = false;
}

void Scrollback::end_line() {
  pending_.clear();
  if (open_) ++version_, new_line();
}

void Scrollback::clear() {
  dropped_ += lines_.size();
  lines_.clear();
  pending_.clear();
  open_ = returned_ = false;
  ++version_;
}

std::string Scrollback::text() const {
  std::string text;
  for (const Line& line : lines_) text += (text.empty() ? "" : "\n") + line.text;
  return text;
}

void append_rows(const Line& line, size_t index, int columns, std::vector<Row>& rows) {
  const bool table = line.text.starts_with('|') || line.text.starts_with('+');
  Row row{index, 0, 0};
  int cells = 0;
  for (size_t at = 0; at < line.text.size();) {
    const size_t begin = at;
    const int width = cells_of(next_character(line.text, at));
    if (cells + width > columns && !table && begin > row.begin) {
      row.end = begin;
      rows.push_back(row);
      row.begin = begin, cells = 0;
    }
    cells += width;
  }
  row.end = line.text.size();
  rows.push_back(row);
}

}  // namespace npu::terminal
