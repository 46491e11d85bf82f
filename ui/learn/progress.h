// SPDX-License-Identifier: Apache-2.0
// How far somebody is, as a short text that the platform keeps.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/result.h"

namespace npu::ui {

struct LearnProgress {
  std::map<std::string, int> done;     // lesson -> steps completed, from the first on
  std::map<std::string, int> best;     // topic -> best percentage
  // The best exam that was passed.
  int exam_right = 0, exam_total = 0;
  uint32_t exam_seed = 0;
  std::string exam_date;
  std::string name;                    // on the certificate

  friend bool operator==(const LearnProgress&, const LearnProgress&) = default;
};

std::string save_progress(const LearnProgress& progress);  // JSON
// InvalidArgument when it is not what save_progress writes; numbers that make no sense are refused.
Result<LearnProgress> load_progress(const std::string& text);

}  // namespace npu::ui
