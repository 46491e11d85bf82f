// SPDX-License-Identifier: Apache-2.0
// Building long texts: digits go straight into the string.
#pragma once

#include <charconv>
#include <string>

namespace npu {

template <class T>
void append_number(std::string& text, T value, int base = 10) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof(digits), value, base).ptr);
}

}  // namespace npu
