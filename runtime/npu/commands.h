// SPDX-License-Identifier: Apache-2.0
// The sub-commands of `npu`. Each adds its options to the parser and returns what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/om/model.h"

namespace npu {

using Command = std::function<Status()>;

Command add_run(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_profile(CLI::App& app);
Command add_info(CLI::App& app);
Command add_disasm(CLI::App& app);
Command add_manual(CLI::App& app);

// --om, shared by the sub-commands.
std::shared_ptr<std::string> add_om_option(CLI::App& app);
Result<std::shared_ptr<const CompiledModel>> load_model(const std::string& path);
int default_threads();

}  // namespace npu
