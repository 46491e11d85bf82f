// SPDX-License-Identifier: Apache-2.0
// What is wrong with an instruction whatever it computes with. The core asks before it executes; for streams that were
// checked when they were loaded, once.
#pragma once

#include <array>
#include <string_view>

#include "core/base/result.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

struct ChipLimits {
  explicit ChipLimits(const Soc& soc);

  std::string_view name;
  Arch arch;
  std::array<int64_t, kBuffers> bytes;  // of the on-chip buffers
};

// The opcode exists, on this chip, and every operand is in its row's limits. InvalidProgram.
Status check_operands(const ChipLimits& limits, const Instr& instr);

// On-chip ranges lie inside their buffers. (Device memory is checked where it is touched.) InvalidProgram.
Status check_ranges(const ChipLimits& limits, const AccessList& list);

}  // namespace npu
