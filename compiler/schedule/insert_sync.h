// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

// Takes a stream whose meaning is its program order, without flags, and returns it with the set_flag, wait_flag and
// pipe_barrier instructions that keep this meaning when the pipes run concurrently: for every pair of conflicting
// accesses from two pipes not yet ordered, one flag; between dependent vector instructions, pipe_barrier(V).
// When an ordered pair of pipes runs out of event ids, pipe_barrier(ALL).
Program insert_sync(const Soc& soc, const Program& program);

}  // namespace npu
