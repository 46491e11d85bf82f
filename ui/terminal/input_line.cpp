// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/input_line.h"

#include <algorithm>
#include <utility>

namespace npu::terminal {

void InputLine::set(std::string new_text) {
  text = std::move(new_text);
  cursor = text.size();
  choices_.clear();
}

std::optional<std::string> InputLine::enter() {
  choices_.clear();
  if (searching_) {
    std::string found = match();
    searching_ = false;
    set(found.empty() ? before_search_ : std::move(found));
    return std::nullopt;
  }
  const auto parsed = parse_input(text);
  if (!parsed && parsed.error().incomplete) {
    set(text + "\n");
    return std::nullopt;
  }
  terminal_.history().leave();
  cursor = 0;
  return std::exchange(text, {});
}

bool InputLine::up() {
  if (searching_ || text.substr(0, cursor).find('\n') != std::string::npos) return false;
  auto older = terminal_.history().older(text);
  if (older) set(std::move(*older));
  return true;
}

bool InputLine::down() {
  if (searching_ || text.find('\n', cursor) != std::string::npos) return false;
  auto newer = terminal_.history().newer();
  if (newer) set(std::move(*newer));
  return true;
}

bool InputLine::complete() {
  if (searching_) return false;
  const Completion completion = terminal_.complete(text, cursor);
  if (completion.choices.empty()) return choices_.clear(), false;
  const bool adds = completion.adds(text, cursor);
  text.replace(completion.begin, cursor - completion.begin, completion.text);
  cursor = completion.begin + completion.text.size();
  choices_ = adds ? std::vector<std::string>() : completion.choices;
  choices_begin_ = completion.begin;
  return true;
}

void InputLine::choose(const std::string& choice) {
  // The longest end of what is typed that the choice begins with is what it replaces.
  size_t begin = std::max(choices_begin_, cursor - std::min(cursor, choice.size()));
  while (begin < cursor && !std::string_view(choice).starts_with(std::string_view(text).substr(begin, cursor - begin))) ++begin;
  text.replace(begin, cursor - begin, choice);
  cursor = begin + choice.size();
  choices_.clear();
}

void InputLine::insert(std::string_view added) {
  cursor = std::min(cursor, text.size());
  text.insert(cursor, added);
  cursor += added.size();
  edited();
}

void InputLine::abandon() {
  leave_search();
  terminal_.history().leave();
  set("");
}

void InputLine::edited() {
  choices_.clear();
  search_before_ = SIZE_MAX;
}

void InputLine::search() {
  if (searching_) {
    const auto found = terminal_.history().search(text, search_before_);
    if (found && terminal_.history().search(text, *found)) search_before_ = *found;
    return;
  }
  before_search_ = text;
  searching_ = true;
  search_before_ = SIZE_MAX;
  set("");
}

void InputLine::leave_search() {
  if (!std::exchange(searching_, false)) return;
  set(before_search_);
}

std::string InputLine::match() const {
  const auto found = text.empty() ? std::nullopt : terminal_.history().search(text, search_before_);
  return found ? terminal_.history().inputs()[*found] : "";
}

}  // namespace npu::terminal
