// SPDX-License-Identifier: Apache-2.0
// Which lines of a text a pass changed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace npu::ui {

struct DiffLine {
  enum Kind : unsigned char { Same, Removed, Added } kind = Same;
  std::string text;
};

struct TextDiff {
  std::vector<DiffLine> lines;   // both texts merged: without Added the old one, without Removed the new one
  std::vector<size_t> changes;   // first line of every run of changed lines
  size_t removed = 0;
  size_t added = 0;
};

// Shortest edit script where the texts differ by at most a few thousand lines, otherwise the differing middle
// is shown as removed and added as a whole.
TextDiff diff_lines(const std::string& before, const std::string& after);

}  // namespace npu::ui
