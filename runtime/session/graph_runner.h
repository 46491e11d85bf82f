// SPDX-License-Identifier: Apache-2.0
// Graphs computed by the emulated chip, for those who only want their results.
#pragma once

#include <string>

#include "core/graph/runner.h"
#include "core/om/package.h"

namespace npu {

// compiler: makes the programs. threads: of the host, they change the time and never the result.
MakeRunner emulated_runner(SpecialiseFactory compiler, std::string soc, int threads);

}  // namespace npu
