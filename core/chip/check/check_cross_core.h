// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/chip/check/check.h"

namespace npu {

// The blocks of a task that meet at cross-core flags: deadlocks, flags nobody waits for, and device memory that two blocks
// use, one writing, without a flag between them. An order that only a third block makes is not seen.
std::vector<Finding> check_cross_core(std::span<const IssuedProgram> blocks, size_t limit);

}  // namespace npu
