// SPDX-License-Identifier: Apache-2.0
#include "core/chip/check/stream_names.h"

#include <fmt/format.h>

namespace npu {

std::string instruction_name(const IssuedProgram& issued, int32_t index) {
  const Instr& instr = issued.view()[static_cast<size_t>(index)];
  return fmt::format("{} ({}, {})", issued.index(index), instr_info(instr.op).name, kPipeNames[static_cast<size_t>(pipe_of(instr))]);
}

std::string range_text(Buffer buffer, int64_t begin, int64_t end) {
  return fmt::format("{}[{:#x}, {:#x})", kBufferNames[static_cast<size_t>(buffer)], begin, end);
}

}  // namespace npu
