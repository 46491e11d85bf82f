// SPDX-License-Identifier: Apache-2.0
// What can be known to be wrong with a program before it runs: the flags do not order two conflicting accesses, pipes
// wait for each other, blocks of one task write the same memory. Real hardware gives wrong answers or hangs there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/thread_pool.h"
#include "core/isa/fetch.h"
#include "core/isa/program.h"
#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu {

struct Finding {
  enum class Kind {
    Race,        // two accesses of the same bytes from two pipes, one a write, that nothing orders
    Barrier,     // two vector instructions, the second needs the first one's result: pipe_barrier(V) is missing
    Overlap,     // one instruction reads, at another place, what its own repeats write
    Flag,        // set twice, never waited for, reused too early, an event the chip does not have
    Deadlock,    // pipes that wait for each other, or for a flag that is never set
    Operand,     // outside its row's limits, or outside an on-chip buffer
    Flow,        // branches, counts or operands that only executing can tell: nothing more is known of the stream
    Blocks,      // two blocks of a task, which run on different cores: one writes what the other reads or writes
  };
  Kind kind{};
  int32_t first = -1;   // instruction; of Blocks: block
  int32_t second = -1;  // the later one; -1 when there is only one
  std::string text;     // "instruction 12 (copy_gm_to_ubuf, MTE2) and 15 (vadd, V) conflict on UB[0x100, 0x200): ..."
};

inline constexpr size_t kCheckLimit = 20;  // findings

// The stream of one block. A pipe is in order and flags and barriers order pipes; the result does not depend on timing.
// At most `limit` findings.
std::vector<Finding> check_stream(const Soc& soc, const Program& program, size_t limit = kCheckLimit, BlockId block = {});

// The blocks of one task against each other: device memory only, which is all they share.
std::vector<Finding> check_blocks(std::span<const Program> blocks, size_t limit = kCheckLimit);

// Every task of a model; streams that differ in device addresses only are checked once. InvalidProgram with the task, the
// block and the first finding.
Status check_model(const Soc& soc, const CompiledModel& model, ThreadPool& pool);

}  // namespace npu
