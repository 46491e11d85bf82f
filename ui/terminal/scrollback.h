// SPDX-License-Identifier: Apache-2.0
// The lines that a terminal has shown, and their rows at a width.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace npu::terminal {

enum class Style : uint8_t { Output, Error, Prompt, Note };

struct Span {
  Style style = Style::Output;
  size_t begin = 0;  // byte of the line's text; it ends where the next one begins
};

struct Line {
  std::string text;  // valid UTF-8 without control characters
  std::vector<Span> spans;
};

// How many cells a character takes: 2 for Chinese and other wide ones.
int cells_of(char32_t c);
int cells_of(std::string_view text);
// The character that begins at byte `at` of valid UTF-8, which moves behind it.
char32_t next_character(std::string_view text, size_t& at);

class Scrollback {
 public:
  static constexpr size_t kMostLines = 5000;
  static constexpr size_t kMostLineBytes = 4000;  // the rest of a line is not shown

  // "\n" ends a line, "\r" goes back to its start, "\t" fills up to a multiple of 8 cells; "\x1b[K" clears the rest of a line, other
  // escape sequences are left out; bytes that are no UTF-8 become '?'. Sequences and characters may be cut between two calls.
  void append(Style style, std::string_view text);
  void end_line();  // where one is open
  void clear();

  const std::deque<Line>& lines() const { return lines_; }
  uint64_t version() const { return version_; }  // grows with every change
  // Lines that have gone at the top since the start: line i of lines() is number first_number() + i for good.
  uint64_t first_number() const { return dropped_; }
  // All or some lines as text; the last without its line end.
  std::string text() const;

 private:
  void put(Style style, std::string_view character);
  void put_tab(Style style);
  void new_line();
  Line& last();

  std::deque<Line> lines_;
  bool open_ = false;          // the last line has no end yet
  bool returned_ = false;      // after "\r": what comes next writes over the line
  std::string pending_;        // of a cut character or sequence
  uint64_t version_ = 0, dropped_ = 0;
};

// A part of a line as wide as the screen.
struct Row {
  size_t line = 0, begin = 0, end = 0;  // bytes of the line's text
};
// Tables (lines that begin with | or +) are not folded: they would become unreadable.
void append_rows(const Line& line, size_t index, int columns, std::vector<Row>& rows);

}  // namespace npu::terminal
