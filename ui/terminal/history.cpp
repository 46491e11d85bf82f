// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/history.h"

#include <algorithm>
#include <utility>

namespace npu::terminal {

void History::add(std::string input) {
  at_.reset();
  const bool blank = input.find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank || (!inputs_.empty() && inputs_.back() == input)) return;
  inputs_.push_back(std::move(input));
  if (inputs_.size() > kMost) inputs_.erase(inputs_.begin());
}

std::optional<std::string> History::older(const std::string& now) {
  if (at_.value_or(inputs_.size()) == 0) return std::nullopt;
  if (!at_) draft_ = now;
  at_ = at_.value_or(inputs_.size()) - 1;
  return inputs_[*at_];
}

std::optional<std::string> History::newer() {
  if (!at_) return std::nullopt;
  if (++*at_ < inputs_.size()) return inputs_[*at_];
  at_.reset();
  return draft_;
}

std::optional<size_t> History::search(std::string_view text, size_t before) const {
  for (size_t i = std::min(before, inputs_.size()); i-- > 0;)
    if (inputs_[i].find(text) != std::string::npos) return i;
  return std::nullopt;
}

std::string History::save() const {
  std::string text;
  for (const std::string& input : inputs_) {
    for (const char c : input) text += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
    text += '\n';
  }
  return text;
}

void History::load(std::string_view text) {
  std::string input;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') add(std::exchange(input, {}));
    else if (text[i] == '\\' && i + 1 < text.size()) input += text[++i] == 'n' ? '\n' : text[i];
    else input += text[i];
  }
}

}  // namespace npu::terminal
