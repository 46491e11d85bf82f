// SPDX-License-Identifier: Apache-2.0
// Regular expressions in linear time: a set of states walks over the text (Thompson), nothing backtracks.
#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace npu::detail {

// Literals, ., [classes] with ranges, negation and [:names:], \d \w \s \b and their negations, escapes, (groups), (?:...), (?i) (?s) flags,
// |, * + ? {n,m} also lazy, ^ $ \A \z. A character is a byte; outside of ASCII one UTF-8 sequence counts as one for . and [^...].
class Regex {
 public:
  // The error says what is wrong with the pattern, or that it is too large.
  static std::expected<Regex, std::string> compile(std::string_view pattern);
  bool matches(std::string_view text) const;  // the whole text

 private:
  friend class RegexParser;
  enum class Kind : uint8_t { Set, Split, Begin, End, WordEdge, NoWordEdge, Match };
  struct State {
    Kind kind = Kind::Match;
    std::bitset<256> set;
    int32_t next = 0, other = 0;
  };
  std::vector<State> states_;
  int32_t start_ = 0;
};

}  // namespace npu::detail
