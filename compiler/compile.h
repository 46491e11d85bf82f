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
  std::string command_line;           // recorded in the .om
  bool disable_memory_reuse = false;  // every buffer gets addresses of its own
};

struct CompileObserver {
  PassObserver on_pass;
  // (done, total, what) while tasks are lowered; returning false cancels.
  std::function<bool(size_t done, size_t total, const std::string& what)> on_progress;
};

// Task::inputs and Task::outputs: of an AI-CPU task one for each slot of its node (dtype Undefined: left out),
// constants included; of an AI-core task what it reads and writes outside, a constant with bytes 0 (it is prepared, not
// read so).
Result<CompiledModel> compile(Graph graph, const CompileOptions& options, const CompileObserver& observer = {});

}  // namespace npu
