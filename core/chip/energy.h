// SPDX-License-Identifier: Apache-2.0
// What a run costs in energy: an estimate from public figures for operations and memories of the chip's process, no
// measurement of it. Right to perhaps a factor of two; good for comparing tasks and chips.
#pragma once

#include "core/chip/timing.h"
#include "core/soc/soc.h"

namespace npu {

struct Energy {  // joules
  double cube = 0;
  double vector = 0;
  double buffers = 0;  // L0, L1, UB
  double l2 = 0;
  double memory = 0;
  double control = 0;  // fetching and decoding instructions
  double idle = 0;

  double total() const { return cube + vector + buffers + l2 + memory + control + idle; }
  Energy& operator+=(const Energy& other);
};

Energy energy_of(const Soc& soc, const Activity& activity, double us);

}  // namespace npu
