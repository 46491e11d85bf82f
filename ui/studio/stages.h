// SPDX-License-Identifier: Apache-2.0
// The steps of the studio's worker as functions from their inputs to parts of the snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/base/file.h"
#include "core/graph/graph.h"
#include "runtime/session/session.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

// (done, total, what); returning false cancels.
using Progress = std::function<bool(size_t done, size_t total, std::string what)>;

inline std::unexpected<Error> cancelled() { return fail(ErrorKind::Cancelled, "", "stopped"); }

// --- load ---
ModelInfo describe_graph(const Graph& graph);
// Whether a file holds a picture, by its first bytes.
bool is_picture(Bytes bytes);

// --- compile ---
struct CompileRequest {
  std::string chip;
  std::set<std::string, std::less<>> disabled;
  std::map<std::string, Shape, std::less<>> input_shapes;
  bool explain = true;  // what each pass changed, as text
  size_t gear = 0;      // of a model that arrived compiled
};
// `step` is called after every pass with what is known so far.
Result<CompileInfo> compile_stage(const Graph& graph, const CompileRequest& request, const Progress& progress,
                                  const std::function<void(const CompileInfo&)>& step);
// A model that arrived compiled, and which of its gears is meant: the one that takes all the given inputs, else `wished`
// (the last one when there are fewer). InvalidArgument when inputs are given and no gear takes them.
CompileInfo describe_compiled(const ModelPackage& package, size_t gear);
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
// session: of request.model.
Result<RunInfo> run_stage(Session& session, const RunRequest& request, const Progress& progress);
// The classes with the highest scores; softmax first unless the values already are probabilities.
std::vector<Score> top_scores(const Tensor& output, const SampleInfo* sample, size_t count, bool& probabilities);

}  // namespace npu::ui
