// SPDX-License-Identifier: Apache-2.0
// Words of a command become its arguments: variables, ~ and the names of files that * and ? match.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/file_system.h"
#include "ui/terminal/shell_parser.h"

namespace npu::terminal {

using Variables = std::map<std::string, std::string, std::less<>>;

// Without the names of files: for redirects and assignments. An unknown variable is empty.
std::string expand_text(const Word& word, const Variables& variables);
// A pattern that matches nothing stays as it is; the value of a variable is not split.
std::vector<std::string> expand_word(const Word& word, const Variables& variables, FileSystem& files);

// '*': any characters, '?': one; neither matches '/'. literal[i]: pattern[i] stands for itself.
bool matches(std::string_view pattern, const std::vector<bool>& literal, std::string_view name);

}  // namespace npu::terminal
