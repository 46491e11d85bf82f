// SPDX-License-Identifier: Apache-2.0
// What was typed, and the walk through it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace npu::terminal {

class History {
 public:
  static constexpr size_t kMost = 1000;  // the oldest go

  // Blank inputs and repetitions of the last one are not kept. The walk begins anew.
  void add(std::string input);
  const std::vector<std::string>& inputs() const { return inputs_; }

  // Up and down: the input to show instead of `now`, which is kept and comes back below the newest. Nothing at either end.
  std::optional<std::string> older(const std::string& now);
  std::optional<std::string> newer();
  void leave() { at_.reset(); }  // what is typed from now on is a new input

  // The newest input that holds the text, before number `before` (of inputs()); its number.
  std::optional<size_t> search(std::string_view text, size_t before = SIZE_MAX) const;

  // One line an input, for keeping it; inputs of several lines have theirs escaped.
  std::string save() const;
  void load(std::string_view text);

 private:
  std::vector<std::string> inputs_;
  std::optional<size_t> at_;
  std::string draft_;
};

}  // namespace npu::terminal
