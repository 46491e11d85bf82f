// SPDX-License-Identifier: Apache-2.0
// How findings name instructions and bytes.
#pragma once

#include <string>

#include "core/isa/program.h"

namespace npu {

std::string instruction_name(const Program& program, int32_t index);  // "12 (copy_gm_to_ubuf, MTE2)"
std::string range_text(Buffer buffer, int64_t begin, int64_t end);    // "UB[0x100, 0x200)"

}  // namespace npu
