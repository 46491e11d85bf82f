// SPDX-License-Identifier: Apache-2.0
// Which instruction surely ends before which other one starts, the slow way: an explicit graph of issue, start and end of
// every instruction, and a set of bits at each. Shares nothing with core/chip/check; bytes are listed from the rows' docs.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/isa/program.h"

namespace npu::test {

struct Order {
  bool hangs = false;      // a cycle, or a wait without its set
  bool undefined = false;  // a flag may be set again before it was waited for
  bool unpaired = false;   // a set that nothing waits for
  size_t words = 0;
  std::vector<uint64_t> bits;  // row b: those that end before b starts

  bool before(size_t a, size_t b) const { return bits[b * words + a / 64] >> a % 64 & 1; }
};

Order order_of(const Program& program);

// Pairs (a, b), a first in program order, that touch the same bytes, one of them writing, and may run at the same time:
// in different pipes, or both in V with a writing.
std::vector<std::pair<int, int>> conflicts_of(const Program& program);

}  // namespace npu::test
