// SPDX-License-Identifier: Apache-2.0
// What a command line makes of a model before its passes run, for the tool and for the page.
#pragma once

#include <string>

#include "compiler/atc/atc.h"
#include "compiler/atc/options.h"

namespace npu::atc {

struct Prepared {
  Graph graph;
  Options options;     // with the shapes of inputs that take images
  CompileOptions how;  // without a scheduler
};

// options: of parse_options. Applies what they and their files say of the graph and of the passes: outputs and types, calibration,
// AIPP, switches, nodes in float32. Warnings are said; errors have the tool's codes.
AtcResult<Prepared> prepare_compile(Graph graph, Options options, const std::string& command_line, const Host& host, const Say& say);

// One program, one for each gear, or an open model.
Result<ModelPackage> compile_prepared(Prepared prepared, const CompileObserver& observer);

}  // namespace npu::atc
