// SPDX-License-Identifier: Apache-2.0
// Graph -> CompiledModel.
#pragma once

#include <functional>
#include <string>

#include "compiler/passes/pass.h"
#include "core/om/model.h"

namespace npu {

struct CompileOptions {
  std::string soc = "Ascend310";
  PassOptions passes;
  std::string command_line;     // recorded in the .om
};

struct CompileObserver {
  PassObserver on_pass;
  // (done, total, what) while tasks are lowered; returning false cancels.
  std::function<bool(size_t done, size_t total, const std::string& what)> on_progress;
};

Result<CompiledModel> compile(Graph graph, const CompileOptions& options, const CompileObserver& observer = {});

}  // namespace npu
