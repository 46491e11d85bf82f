// SPDX-License-Identifier: Apache-2.0
// Dynamic storage allocation: offsets for buffers of known sizes and lives.
#pragma once

#include <span>

#include "core/om/model.h"

namespace npu {

// Sets the offsets so that buffers needed at the same time do not overlap, and returns how many bytes that takes. Several greedy
// orders, each then changed in rounds that move the buffer on top forward by chance (seeded); it stops at the lower bound (peak_live_bytes), which no
// placement can beat. Thousands of buffers get the first order only. reuse false: one after the other.
int64_t place_buffers(std::span<BufferLife> buffers, bool reuse);

}  // namespace npu
