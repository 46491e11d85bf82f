// SPDX-License-Identifier: Apache-2.0
// A table of texts that is searched, sorted and copied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace npu::ui {

struct TextTable {
  std::vector<std::string> headers;
  std::vector<std::vector<std::string>> rows;  // each as long as headers
};

// The rows with a cell that contains the text (upper or lower case alike; empty: all), by the column (-1: as they are). Numbers go by value
// and before what is no number; equals stay in order.
std::vector<int> select_rows(const TextTable& table, std::string_view filter, int column, bool descending);

// Headers and those rows. Comma: cells that need it are quoted as RFC 4180 says; tab: tabs and line ends in cells become spaces.
std::string copy_text(const TextTable& table, const std::vector<int>& rows, char separator);

}  // namespace npu::ui
