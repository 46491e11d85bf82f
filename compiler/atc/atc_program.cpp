// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/atc_program.h"

#include "compiler/atc/atc.h"
#include "compiler/compile.h"
#include "runtime/session/graph_runner.h"

namespace npu {

int atc_program(std::span<const std::string> arguments, const ProgramHost& host) {
  atc::Host tool{.files = host.files, .cancelled = host.cancelled, .cache_folder = host.home.empty() ? "" : host.home + "/atc_data", .build = host.build, .runner = {}};
  tool.runner = [threads = host.threads](const std::string& soc) { return emulated_runner(specialise_factory(), soc, threads); };
  return atc::run_atc(arguments, host.out, tool);
}

}  // namespace npu
