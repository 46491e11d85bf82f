// SPDX-License-Identifier: Apache-2.0
// The sub-commands of `npu`. Each adds its options to the parser and returns what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/om/package.h"

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
Result<ModelPackage> load_model(const std::string& path);

// --gear: "4", "416,416"; the first gear when left out, which a model of fixed shapes has only.
std::shared_ptr<std::string> add_gear_option(CLI::App& app);
Result<size_t> chosen_gear(const ModelPackage& package, const std::string& gear);
int default_threads();

}  // namespace npu
