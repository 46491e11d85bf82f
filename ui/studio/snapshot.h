// SPDX-License-Identifier: Apache-2.0
// What the studio knows at one moment. Immutable and shared: panels draw it, the worker replaces it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/passes/pass.h"
#include "compiler/quantize/quantize.h"
#include "core/base/result.h"
#include "core/om/package.h"
#include "runtime/profile/profile.h"
#include "runtime/session/image_input.h"
#include "samples/catalog.h"
#include "ui/graph/graph_change.h"
#include "ui/graph/graph_model.h"
#include "ui/studio/preprocess.h"
#include "ui/studio/text_diff.h"
#include "ui/studio/timeline.h"
#include "ui/studio/tune_job.h"

namespace npu::ui {

struct ValueRow {
  std::string name;
  std::string type;
};

struct NodeRow {
  std::string op;
  std::string name;
  std::string inputs;   // names, constants left out
  std::string output;   // type of the first output
  std::string attrs;
};

struct ModelInfo {
  std::string name;             // file name
  int64_t file_bytes = 0;
  std::string format = "ONNX";  // "Caffe", "TensorFlow", "MindIR"; of a sample and of an .om what it was made from
  bool compiled = false;        // it came as an .om
  int opset = 0;
  std::vector<ValueRow> inputs;
  std::vector<ValueRow> outputs;
  std::vector<NodeRow> nodes;
  std::vector<std::pair<std::string, int>> operators;  // most frequent first
  int64_t parameters = 0;
  int64_t parameter_bytes = 0;
  GraphModelPtr graph;          // to be drawn
};

struct PassInfo {
  PassReport report;
  bool optional = false;
  Text doc;
  std::shared_ptr<const TextDiff> diff;  // the graph before and after
  std::shared_ptr<const GraphChange> change;  // the same as drawings; empty with `diff`
};

struct CompileInfo {
  std::vector<PassInfo> passes;
  std::shared_ptr<const CompiledModel> model;
  std::string chip;
  double milliseconds = 0;
  int64_t instructions = 0;
  int64_t macs = 0;
  std::vector<std::string> gears;  // "batch 4" ...: of a model compiled for several sizes, `model` is the chosen one
  size_t gear = 0;
  std::shared_ptr<const ModelPackage> package;  // of several sizes, when they were compiled here
  std::vector<std::string> arguments;           // of the atc that makes the same; empty of what came compiled
  std::vector<std::string> warnings;            // as that atc gives them
};

struct Picture {
  std::string name;
  Image image;
  int label = -1;               // the true class, where a sample tells it
};

struct OutputRow {
  std::string name;
  std::string type;
  double min = 0;
  double max = 0;
  double mean = 0;
};

struct Score {
  int index = 0;
  float value = 0;              // probability where the outputs are logits or probabilities
  Text label;                   // empty when the model has no class names
};

struct RunInfo {
  std::vector<OutputRow> outputs;
  std::vector<Score> top;       // best first; empty when the first output is no vector of scores
  bool probabilities = false;   // the scores sum to one
  std::map<std::string, Tensor> tensors;
  std::shared_ptr<const std::vector<Tensor>> inputs;  // as the session took them
  double host_ms = 0;
  int threads = 1;
};

// The model's answers to the sample's labelled pictures.
struct Evaluation {
  int right = 0;
  int total = 0;
  int fp32_right = 0;           // of the trained network in float32, as its file tells

  double percent() const { return total > 0 ? 100.0 * right / total : 0; }
  double lost_points() const { return total > 0 ? 100.0 * (fp32_right - right) / total : 0; }  // negative: it won some
};

struct TaskRow {
  std::string name;
  std::string op;               // "Conv2D + Relu"
  Engine engine = Engine::AiCore;
  int64_t start = 0;            // cycles since the inference began
  int64_t cycles = 0;
  double us = 0;
  double share = 0;             // of the whole inference, 0..1
  std::string bound;            // the busiest pipe, "CPU" for AI CPU tasks
  double bound_share = 0;       // its busy share of the task
  int64_t read_bytes = 0;
  int64_t write_bytes = 0;
  int64_t macs = 0;
};

struct ProfileInfo {
  double total_us = 0;
  double ai_core_us = 0;
  double ai_cpu_us = 0;
  double watts = 0, tops_per_watt = 0;  // estimated
  std::vector<TaskRow> tasks;
  std::shared_ptr<const Timeline> timeline;
  std::shared_ptr<const ModelProfile> raw;  // for the files that are saved
  int64_t peak_arena = 0;       // bytes in use by live buffers at the worst moment
  int64_t instructions = 0;     // that were timed
};

// What 8-bit layers change: the model before and after, on the same pictures and the same chip.
struct QuantizeInfo {
  quantize::QuantizedModel made;        // its graph is what is compiled
  size_t pictures = 0;                  // that calibrated; 0: a fixed pattern did
  struct Side {
    double us = 0;                      // predicted for one inference
    double accuracy = -1;               // share of the labelled pictures with the right class; -1: none is labelled
  };
  Side floats, integers;
  double agreement = -1;                // share of the pictures that both sides put into the same class; -1: no classes
};

enum class Stage { Idle, Loading, Quantizing, Compiling, Timing, Running, Evaluating };

struct Activity {
  Stage stage = Stage::Idle;
  size_t done = 0;
  size_t total = 0;             // 0: not known
  std::string what;             // pass, task or file
};

struct Snapshot {
  uint64_t revision = 0;        // of the request this answers when idle
  Activity activity;
  std::optional<Error> error;   // of the last request
  std::shared_ptr<const ModelInfo> model;
  std::shared_ptr<const QuantizeInfo> quantize;  // empty: the model is compiled as it is
  std::shared_ptr<const CompileInfo> compile;
  std::shared_ptr<const ProfileInfo> profile;
  std::shared_ptr<const TuneInfo> tune;          // of the last search
  std::shared_ptr<const RunInfo> run;
  std::shared_ptr<const Evaluation> evaluation;  // of this compile and preprocessing, once it was asked for
  std::shared_ptr<const Picture> picture;
  uint64_t picture_id = 0;
  std::shared_ptr<const SampleInfo> sample;  // empty: the user's own file
  Preprocess preprocess;        // of the last run

  bool busy() const { return activity.stage != Stage::Idle; }
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace npu::ui
