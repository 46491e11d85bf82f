// SPDX-License-Identifier: Apache-2.0
// The steps of the studio's worker as functions from their inputs to parts of the snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "compiler/atc/prepare.h"
#include "core/base/file.h"
#include "core/graph/graph.h"
#include "runtime/session/session.h"
#include "samples/catalog.h"
#include "ui/studio/atc_settings.h"
#include "ui/studio/quantize_settings.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

// (done, total, what); returning false cancels.
using Progress = std::function<bool(size_t done, size_t total, std::string what)>;

inline std::unexpected<Error> cancelled() { return fail(ErrorKind::Cancelled, "", "stopped"); }

// --- load ---
ModelInfo describe_graph(const Graph& graph);
// Whether a file holds a picture, by its first bytes.
bool is_picture(Bytes bytes);

// --- quantise ---
struct QuantizeRequest {
  QuantizeSettings settings;
  std::span<const Picture> pictures;
  Preprocess preprocess;
  std::string chip;
  bool first_layer = true;    // may be 8-bit: not when it takes an image of bytes
  std::map<std::string, Shape, std::less<>> input_shapes;
  int threads = 1;
};
// Calibrates with the pictures (without any: with a fixed pattern), on the emulated chip.
Result<QuantizeInfo> quantize_stage(const Graph& graph, const QuantizeRequest& request, const Progress& progress);

// --- compile ---
struct CompileRequest {
  std::string chip;
  PassNames disabled;
  AtcSettings atc;
  AtcModel model;       // its open inputs are filled in by the stage
  std::map<std::string, Shape, std::less<>> input_shapes;  // of a script
  std::shared_ptr<const ScheduleBank> bank;                // what --op_bank_path stands for here; may be empty
  bool explain = true;  // what each pass changed, as text
};
// The tool's code is where its error is: {kind, "E10001", text}.
Error error_of(const atc::AtcError& error);
Error with_code(const Error& error);
struct PreparedCompile {
  atc::Prepared prepared;
  std::vector<std::string> arguments, warnings;
};
// As atc does with the same command line, but that open dimensions are 1 unless they are given.
Result<PreparedCompile> prepare_stage(const Graph& graph, const CompileRequest& request);
// `step` is called after every pass with what is known so far.
Result<CompileInfo> compile_stage(const Graph& graph, const CompileRequest& request, const Progress& progress,
                                  const std::function<void(const CompileInfo&)>& step);
// What `info` says of a package's gear. Which one is meant: the one that takes all the given inputs, else `wished` (the last one
// when there are fewer). InvalidArgument when inputs are given and no gear takes them.
CompileInfo with_gear(CompileInfo info, const ModelPackage& package, size_t gear);
Result<size_t> choose_gear(const ModelPackage& package, size_t wished, const std::map<std::string, Tensor>& inputs);

// --- time ---
Result<ProfileInfo> profile_stage(const CompiledModel& model, const Progress& progress);
// Bytes of the arena in live buffers while each task runs.
std::vector<int64_t> live_bytes(const CompiledModel& model);

// --- run ---
struct RunRequest {
  const CompiledModel& model;
  std::map<std::string, Tensor> inputs;      // by name; the others come from the picture or a fixed pattern
  const Picture* picture = nullptr;
  Preprocess preprocess;
  const SampleInfo* sample = nullptr;          // names of the classes
  int threads = 1;
};
// What inputs get that nobody gives: the picture, or a fixed pattern (`seed`: which of several).
// picture_input: precondition: picture_options() has some.
Result<Tensor> picture_input(const Picture& picture, const Preprocess& preprocess, const TensorDesc& desc);
// How a picture becomes this input; nothing where it is none that takes one.
std::optional<ImageInputOptions> picture_options(const Preprocess& preprocess, const TensorDesc& desc);
Tensor pattern_input(const TensorDesc& desc, int seed = 0);
bool takes_pictures(const TensorDesc& desc);
// session: of request.model.
Result<RunInfo> run_stage(Session& session, const RunRequest& request, const Progress& progress);

// --- accuracy ---
// Answers all pictures of the sample's sheet. InvalidArgument when there is none.
Result<Evaluation> evaluate_stage(Session& session, const RunRequest& request, const SampleReader& read, const Progress& progress);
// The classes with the highest scores; softmax first unless the values already are probabilities.
std::vector<Score> top_scores(const Tensor& output, const SampleInfo* sample, size_t count, bool& probabilities);

}  // namespace npu::ui
