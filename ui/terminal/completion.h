// SPDX-License-Identifier: Apache-2.0
// What the Tab key offers: commands, sub-commands, options and their values, files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/file_system.h"
#include "ui/terminal/expand.h"

namespace npu::terminal {

struct Completion {
  size_t begin = 0;  // of the text that is replaced, which ends at the cursor
  std::string text;  // what all choices have in common, with what follows ("=", " ", "/") where there is but one
  std::vector<std::string> choices;  // sorted; to show when `text` adds nothing

  bool adds(std::string_view input, size_t cursor) const { return input.substr(begin, cursor - begin) != text; }
};

// cursor: a byte of the input. Without choices text is what stands there.
Completion complete(std::string_view input, size_t cursor, const Variables& variables, FileSystem& files);

}  // namespace npu::terminal
