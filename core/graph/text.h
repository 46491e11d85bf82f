// SPDX-License-Identifier: Apache-2.0
// What the printer and the parser of the graph's text form share.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/graph/graph.h"

namespace npu {

inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Characters of a value name that is written without quotes after its '%'.
inline bool is_name_char(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '/' || c == ':' || c == '-';
}

// A word that is written without quotes: operators, attribute keys, symbolic dimensions.
inline bool is_symbol_char(char c) {
  return is_letter(c) || is_digit(c) || c == '.';
}
inline bool is_symbol(std::string_view word) {
  return !word.empty() && is_letter(word[0]) && std::ranges::all_of(word, is_symbol_char);
}

// The name a node has when the text gives none: that of its first output.
inline std::string_view default_node_name(const Graph& graph, const Node& node) {
  const auto first = std::ranges::find_if(node.outputs, [](ValueId id) { return id != kNone; });
  return first == node.outputs.end() ? std::string_view() : graph.value(*first).name;
}

}  // namespace npu
