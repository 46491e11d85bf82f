// SPDX-License-Identifier: Apache-2.0
// How findings name instructions and bytes.
#pragma once

#include <string>

#include "core/isa/fetch.h"

namespace npu {

// "12 (copy_gm_to_ubuf, MTE2)": its place in the Program, of the instruction issued as number `index`.
std::string instruction_name(const IssuedProgram& issued, int32_t index);
std::string range_text(Buffer buffer, int64_t begin, int64_t end);  // "UB[0x100, 0x200)"

}  // namespace npu
