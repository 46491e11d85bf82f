// SPDX-License-Identifier: Apache-2.0
// A certificate and its code. The code is the first 16 hexadecimal digits of the SHA-256 of
//   npu-sandbox-certificate-1|name|date|right/total|lessons|seed
// in four groups. It proves that no field was changed since the code was made; anybody can compute it, so that it does not prove who
// the person is, nor that they took the test. The page says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ui/studio/settings.h"

namespace npu::ui {

struct Certificate {
  std::string name;
  std::string date;                // "2026-01-31"
  int right = 0, total = 0;        // of the exam
  int lessons = 0;                 // completed
  uint32_t seed = 0;               // that the exam was drawn with
  std::string code;                // "89AB-CDEF-0123-4567"
};

inline constexpr size_t kLongestName = 60;  // bytes

// Without spaces around it, line breaks and '|'; at most kLongestName bytes, cut between characters.
std::string clean_name(std::string_view name);
std::string certificate_code(const Certificate& certificate);
// Lower case, spaces and missing dashes do not matter.
bool verify(const Certificate& certificate);
// A page of its own that needs nothing from anywhere.
std::string certificate_html(const Certificate& certificate, Language language);

}  // namespace npu::ui
