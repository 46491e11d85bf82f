// SPDX-License-Identifier: Apache-2.0
// The sub-commands of `npu`. Each adds its options to the parser and returns what to run when it is chosen; the host outlives both.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "compiler/compile.h"
#include "core/base/program.h"
#include "core/om/package.h"
#include "runtime/session/session.h"

namespace npu {

using Command = std::function<Status()>;

// compiler: makes the programs of open models.
Command add_run(CLI::App& app, const ProgramHost& host, SpecialiseFactory compiler);
Command add_bench(CLI::App& app, const ProgramHost& host);
Command add_profile(CLI::App& app, const ProgramHost& host);
Command add_info(CLI::App& app, const ProgramHost& host);
Command add_disasm(CLI::App& app, const ProgramHost& host);
Command add_manual(CLI::App& app, const ProgramHost& host);
Command add_quantize(CLI::App& app, const ProgramHost& host);
Command add_tune(CLI::App& app, const ProgramHost& host);

// --om FILE or FILE alone, shared by the sub-commands.
std::shared_ptr<std::string> add_om_option(CLI::App& app);
// Stops when the host is cancelled.
CompileObserver cancel_observer(const ProgramHost& host);
Result<ModelPackage> load_model(FileSystem& files, const std::string& path);

// A model of any framework that is compiled before it runs.
struct ModelToCompile {
  std::string path, weights;   // weights: of a Caffe network
  std::string soc = "Ascend310";
  std::string input_shape;     // as atc's --input_shape
};
Result<ModelPackage> compile_file(const ModelToCompile& model, const ProgramHost& host);

// An open model on inputs given as files or, where none is, as zeros of the smallest shape.
struct OpenRunOptions {
  std::vector<std::string> inputs;  // NAME=FILE
  int threads = 1;
  SessionOptions session;
  SpecialiseFactory compiler;
  std::function<Result<Tensor>(const std::string& path, const TensorDesc&)> read;  // of files without a shape
};
struct OpenRunResult {
  std::vector<std::string> names;
  std::vector<Tensor> outputs;
};
Result<OpenRunResult> run_open(std::shared_ptr<const OpenModel> model, const OpenRunOptions& options, const ProgramHost& host);

// --gear: "4", "416,416"; the first gear when left out, which a model of fixed shapes has only.
std::shared_ptr<std::string> add_gear_option(CLI::App& app);
Result<size_t> chosen_gear(const ModelPackage& package, const std::string& gear);

}  // namespace npu
