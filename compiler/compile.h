// SPDX-License-Identifier: Apache-2.0
// Graph -> CompiledModel.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "compiler/passes/pass.h"
#include "core/om/package.h"

namespace npu {

class Scheduler;  // compiler/schedule/scheduler.h

struct CompileOptions {
  std::string soc = "Ascend310";
  PassOptions passes;
  std::string command_line;           // recorded in the .om
  std::string framework = "ONNX";     // that made the model, recorded too
  bool disable_memory_reuse = false;  // every buffer gets addresses of its own
  // Of the compiled model: weights (of all gears) and arena together. CompileLimit names both, as far as they were known when it
  // was too much. Constants are folded within it too.
  int64_t max_bytes = INT64_MAX;
  // Proposes other schedules than the default ones (compiler/tune); the simulated cycles decide. nullptr: the default ones. Open
  // models keep none of it: the programs they are compiled to when they run have the default schedules.
  std::shared_ptr<Scheduler> scheduler;
};

struct CompileObserver {
  PassObserver on_pass;
  // (done, total, what) while tasks are lowered; returning false cancels.
  std::function<bool(size_t done, size_t total, const std::string& what)> on_progress;
  std::function<void(size_t gear, size_t gears)> on_gear;  // before each gear of several
};

// Task::inputs and Task::outputs: of an AI-CPU task one for each slot of its node (dtype Undefined: left out),
// constants included; of an AI-core task what it reads and writes outside, a constant with bytes 0 (it is prepared, not
// read so).
Result<CompiledModel> compile(Graph graph, const CompileOptions& options, const CompileObserver& observer = {});

// What a gear sets: its values as the command line has them, and what they make of the inputs' shapes.
struct GearShapes {
  std::vector<int64_t> values;
  std::map<std::string, Shape, std::less<>> input_shapes;
};

// A program for each gear, the weights of all stored once; options.passes.input_shapes is not looked at. Errors name the
// gear. Preconditions: dynamic is not None, gears is not empty.
Result<ModelPackage> compile_gears(const Graph& graph, const CompileOptions& options, Dynamic dynamic,
                                   std::span<const GearShapes> gears, const CompileObserver& observer = {});

// For open models (core/om/package.h): compiles one graph after the other over one set of weights.
Specialise make_specialise(const CompileOptions& options);
// With the options that the model was made with; max_bytes is each program's.
SpecialiseFactory specialise_factory(int64_t max_bytes = INT64_MAX);

}  // namespace npu
