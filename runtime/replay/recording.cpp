// SPDX-License-Identifier: Apache-2.0
#include "runtime/replay/replay.h"

namespace npu {
namespace {

size_t bytes_of(const AccessList& list) {
  size_t bytes = sizeof(RecordedStep);
  for (const Access& access : list.view()) bytes += sizeof(OperandValue) + static_cast<size_t>(int64_t{access.outer} * access.inner * access.length);
  return bytes;
}

}  // namespace

std::vector<OperandValue> Replay::operand_values(const AccessList& list, bool writes) const {
  std::vector<OperandValue> values;
  for (const Access& access : list.view()) {
    if (access.write != writes) continue;
    OperandValue value{access, {}};
    for (int64_t i = 0; i < access.outer; ++i)
      for (int64_t j = 0; j < access.inner; ++j) {
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
        // Outside the buffer: the step will fail, and says so better.
        if (const auto run = contents(access.buffer, begin, begin + access.length)) value.bytes.insert(value.bytes.end(), run->begin(), run->end());
      }
    values.push_back(std::move(value));
  }
  return values;
}

Result<Recording> Replay::record(int64_t first, int64_t last, const RecordOptions& options) {
  NPU_CHECK(seek(first));
  Recording recording;
  size_t used = 0;
  while (position_ < last && !at_end()) {
    const Instr* instr = next();
    RecordedStep entry{position_, place(), instr ? *instr : Instr{}, !instr, {}};
    AccessList list;
    if (instr && options.operand_values) list = accesses(*instr, core_.issue_state());
    used += options.operand_values ? bytes_of(list) : sizeof(RecordedStep);
    if (used > options.budget_bytes) {
      recording.complete = false;
      return recording;
    }
    entry.operands = operand_values(list, false);
    const Task& task = model_->tasks[place_.task];
    const size_t block = place_.block;
    NPU_CHECK(step(1));
    // A block's last instruction: the core has gone on to the next block, so only device memory still shows its results.
    const bool same = !at_end() && &model_->tasks[place_.task] == &task && place_.block == block;
    AccessList visible;
    for (const Access& access : list.view())
      if (same || access.buffer == Buffer::GM) visible.items[static_cast<size_t>(visible.count++)] = access;
    for (OperandValue& value : operand_values(visible, true)) entry.operands.push_back(std::move(value));
    recording.steps.push_back(std::move(entry));
  }
  return recording;
}

}  // namespace npu
