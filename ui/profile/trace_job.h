// SPDX-License-Identifier: Apache-2.0
// Traces bytes back through a model's tasks on a thread of its own; keeps the replay between requests.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/replay/provenance.h"
#include "ui/graph/graph_worker.h"

namespace npu::ui {

// A tensor that traced bytes belong to.
struct TraceSource {
  std::string name;
  enum class Kind { Weights, Input, Task, Unknown } kind = Kind::Unknown;
  size_t task = 0;         // Kind::Task: which made it
  RangeSet bytes;
  int64_t of_bytes = 0;    // of the whole tensor; 0: not known
};

struct TraceResult {
  TaskTrace trace;
  std::vector<TraceSource> sources;
};

// What the bytes, as they are before task `end`, belong to: tensors of that task, then what is left.
std::vector<TraceSource> sources_of(const CompiledModel& model, const RangeSet& bytes, size_t end);

class TraceJob {
 public:
  TraceJob() = default;
  ~TraceJob();
  TraceJob(const TraceJob&) = delete;
  TraceJob& operator=(const TraceJob&) = delete;

  // Where bytes come from that hold what they held before task `end`. Replaces a request that is running. inputs: of the run.
  void start(std::shared_ptr<const CompiledModel> model, std::vector<Tensor> inputs, RangeSet wanted, size_t end, std::function<void()> changed);
  void cancel() { worker_.cancel(this); }

  struct State {
    bool running = false;
    size_t task = 0, target = 0;  // where the replay is, and which it goes to
    std::optional<Error> error;
    std::shared_ptr<const TraceResult> result;
  };
  State state() const;

 private:
  // Of the thread.
  struct Engine {
    std::shared_ptr<const CompiledModel> model;
    std::unique_ptr<Replay> replay;
  };
  struct Shared {
    mutable std::mutex mutex;
    State state;
  };

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::shared_ptr<Engine> engine_;
  GraphWorker worker_;
};

}  // namespace npu::ui
