// SPDX-License-Identifier: Apache-2.0
// The input of a terminal while it is typed: completion, the walk through the history and the search in it. What edits the text (cursor
// keys, IME, clipboard) is the widget's; it hands text and cursor in and shows them after each call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ui/terminal/terminal.h"

namespace npu::terminal {

class InputLine {
 public:
  explicit InputLine(Terminal& terminal) : terminal_(terminal) {}

  std::string text;
  size_t cursor = 0;  // byte of text

  // The whole input, to be submitted; nothing where more lines have to follow: a line end was added then. In a search it takes the match.
  std::optional<std::string> enter();
  // Up and down: within an input of several lines they are the widget's, and nothing happens here (false).
  bool up();
  bool down();
  // Tab. Choices are shown when nothing could be added.
  bool complete();
  void choose(const std::string& choice);  // of choices()
  void insert(std::string_view added);     // a paste or a name, at the cursor
  void abandon();                          // Ctrl+C: an empty input
  void edited();                           // the widget changed text or cursor

  // Ctrl+R, and again for an older match; Escape leaves.
  void search();
  void leave_search();
  bool searching() const { return searching_; }
  // In a search: the input found by `text`, "" when there is none.
  std::string match() const;

  const std::vector<std::string>& choices() const { return choices_; }

 private:
  void set(std::string new_text);

  Terminal& terminal_;
  std::vector<std::string> choices_;
  size_t choices_begin_ = 0;
  bool searching_ = false;
  std::string before_search_;
  size_t search_before_ = SIZE_MAX;
};

}  // namespace npu::terminal
