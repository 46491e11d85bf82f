// SPDX-License-Identifier: Apache-2.0
// What the exporters of timelines share.
#pragma once

#include <string>
#include <string_view>

#include "core/base/text.h"
#include "runtime/profile/profile.h"

namespace npu {

inline const Instr& instruction_of(const Task& task, const TraceEvent& event) {
  return task.blocks[static_cast<size_t>(event.block)][static_cast<size_t>(event.instr)];
}

inline size_t event_count(const ModelProfile& profile) {
  size_t count = 0;
  for (const TaskProfile& task : profile.tasks) count += task.timing.events.size();
  return count;
}

// Four decimals: tenths of a nanosecond. Time is never negative.
inline void append_us(std::string& text, double us) {
  const auto units = static_cast<int64_t>(us * 1e4 + 0.5);
  append_number(text, units / 10000);
  const auto rest = static_cast<int>(units % 10000);
  const char decimals[5] = {'.', static_cast<char>('0' + rest / 1000), static_cast<char>('0' + rest / 100 % 10), static_cast<char>('0' + rest / 10 % 10),
                            static_cast<char>('0' + rest % 10)};
  text.append(decimals, sizeof(decimals));
}

}  // namespace npu
