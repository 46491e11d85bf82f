// SPDX-License-Identifier: Apache-2.0
// Sorting records of a value and a number.
#include <algorithm>
#include <array>
#include <vector>

#include "core/chip/lanes.h"
#include "core/chip/strided.h"

namespace npu {
namespace {

constexpr int64_t kRecordBytes = 8;

// Whether a comes before b: falling values, NaN first.
bool before(float a, float b) { return b == b && (a != a || a > b); }

float value_of(VecType type, const std::byte* record) { return float_lane(type, record, 0); }

}  // namespace

Status execute_Vbitsort(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kSoType]);
  const int64_t size = vec_type_size(type), repeat = arg[kSoRepeat];
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(ub.check_written(arg[kSoSrc0], arg[kSoSrc0] + repeat * 32 * size));
  NPU_CHECK(ub.check_written(arg[kSoSrc1], arg[kSoSrc1] + repeat * 128));
  for (int64_t r = 0; r < repeat; ++r) {
    std::array<std::array<std::byte, kRecordBytes>, 32> records{};
    for (int64_t i = 0; i < 32; ++i) {
      std::byte* record = records[static_cast<size_t>(i)].data();
      std::memcpy(record, ub.at(arg[kSoSrc0] + (r * 32 + i) * size), static_cast<size_t>(size));
      std::memcpy(record + 4, ub.at(arg[kSoSrc1] + (r * 32 + i) * 4), 4);
    }
    std::ranges::stable_sort(records, [type](const auto& a, const auto& b) { return before(value_of(type, a.data()), value_of(type, b.data())); });
    std::memcpy(ub.at(arg[kSoDst] + r * kRepeatBytes), records.data(), sizeof(records));
  }
  ub.mark_written(arg[kSoDst], arg[kSoDst] + repeat * kRepeatBytes);
  return {};
}

Status execute_Vmrgsort4(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kMeType]);
  const auto lists = static_cast<size_t>(arg[kMeLists]);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  std::array<int64_t, 4> taken{};
  const auto source = [&](size_t i) { return arg[kMeSrc + i]; };
  const auto length = [&](size_t i) { return arg[kMeLength + i]; };
  int64_t total = 0;
  for (size_t i = 0; i < lists; ++i) {
    NPU_CHECK(ub.check_written(source(i), source(i) + length(i) * kRecordBytes));
    total += length(i);
  }
  const bool suspend = arg[kMeSuspend] != 0;
  std::vector<std::byte> merged;
  merged.reserve(static_cast<size_t>(total * kRecordBytes));
  for (bool used_up = false; !(suspend && used_up);) {
    size_t best = lists;
    for (size_t i = 0; i < lists; ++i) {
      if (taken[i] == length(i)) {
        used_up = true;
        continue;
      }
      const std::byte* mine = ub.at(source(i) + taken[i] * kRecordBytes);
      if (best == lists || before(value_of(type, mine), value_of(type, ub.at(source(best) + taken[best] * kRecordBytes)))) best = i;
    }
    if (best == lists || (suspend && used_up)) break;
    const std::byte* record = ub.at(source(best) + taken[best]++ * kRecordBytes);
    merged.insert(merged.end(), record, record + kRecordBytes);
  }
  if (!merged.empty()) std::memcpy(ub.at(arg[kMeDst]), merged.data(), merged.size());
  ub.mark_written(arg[kMeDst], arg[kMeDst] + static_cast<int64_t>(merged.size()));
  uint64_t state = 0;
  for (size_t i = 0; i < lists; ++i) state |= static_cast<uint64_t>(taken[i]) << 16 * i;
  machine.special[static_cast<size_t>(Special::MrgSortState)] = state;
  return {};
}

}  // namespace npu
