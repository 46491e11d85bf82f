// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "core/chip/check/coarse_ranges.h"
#include "core/isa/program.h"

namespace npu {

// What a stream does to device memory, roughly.
struct MemoryUse {
  std::array<CoarseRanges, kPipes> read, write;  // by pipe

  void add(const Access& access, Pipe pipe) {
    if (access.buffer == Buffer::GM) (access.write ? write : read)[static_cast<size_t>(pipe)].add(access.begin, access.end);
  }

  // Whether two pipes may use the same bytes, one writing.
  bool may_conflict() const {
    for (size_t p = 0; p < kPipes; ++p)
      for (size_t q = 0; q < kPipes && !write[p].view().empty(); ++q)
        if (p != q && (write[p].overlaps(read[q]) || write[p].overlaps(write[q]))) return true;
    return false;
  }
};

MemoryUse memory_use(const Program& program);

}  // namespace npu
