// SPDX-License-Identifier: Apache-2.0
// npu and npu-smi as programs.
#pragma once

#include <vector>

#include "core/base/program.h"

namespace npu {

int npu_program(std::span<const std::string> arguments, const ProgramHost& host);
int npu_smi_program(std::span<const std::string> arguments, const ProgramHost& host);

// For completion: the sub-commands of npu, and the options of one of them ("--om"); empty for an unknown one.
std::vector<std::string> npu_subcommands();
std::vector<std::string> npu_options(const std::string& subcommand);

}  // namespace npu
