// SPDX-License-Identifier: Apache-2.0
// atc as a program.
#pragma once

#include "core/base/program.h"

namespace npu {

int atc_program(std::span<const std::string> arguments, const ProgramHost& host);

}  // namespace npu
