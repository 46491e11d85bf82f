// SPDX-License-Identifier: Apache-2.0
// Runs a compiled model on an emulated device.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/om/model.h"
#include "core/soc/soc.h"
#include "runtime/session/device.h"
#include "runtime/session/dynamic_aipp.h"

namespace npu {

// Called before each task; returning false cancels the run.
using RunObserver = std::function<bool(size_t task, size_t total)>;

struct SessionOptions {
  // Once, when the session is made: races, deadlocks and misused flags in the model's streams (core/chip/check). Bounds,
  // alignment and uninitialised reads are always checked, by the chip; where no address depends on data, a model's first
  // run shows for all later ones that nothing is read before it is written.
  bool check_streams = true;
  // Of device memory: weights and arena, also of the largest gear; of an open model with what the AI CPU holds between programs.
  int64_t max_bytes = INT64_MAX;
};

// CompileLimit when the chip has less memory, or max_bytes is less. threads: host threads that emulate the cores; they change the time, never the
// result.
Result<std::shared_ptr<Device>> make_device(const CompiledModel& model, int64_t arena_bytes, int threads, int64_t max_bytes = INT64_MAX);

class Session {
 public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const CompiledModel> model, int threads, const SessionOptions& options = {});
  // On a device that other sessions use too. Its arena must be large enough, its weights must begin with the model's.
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const CompiledModel> model, std::shared_ptr<Device> device, const SessionOptions& options = {});

  const CompiledModel& model() const { return *model_; }
  const std::shared_ptr<const CompiledModel>& shared_model() const { return model_; }

  // inputs in the order of model().inputs, with their dtypes and shapes; outputs in the order of model().outputs.
  // Errors name the input, or the task and the instruction. Parameters of a dynamic AIPP are checked before anything runs.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, const RunObserver& observer = {});

 private:
  Session(std::shared_ptr<const CompiledModel> model, std::shared_ptr<Device> device) : model_(std::move(model)), device_(std::move(device)) {}

  // What a task's streams say, read once.
  struct TaskPlan {
    bool in_order;  // blocks add to the same memory: one after the other, so that sums do not depend on threads
    bool together;  // blocks wait for each other
    Trust trust;
    bool fixed;     // every stream is_fixed: it touches the same addresses in every run
  };
  Status plan(const Soc& soc, bool checked);
  Status run_task(size_t index);
  void trust_proven();  // after a whole run without a fault
  Status run_on_cores(const Task& task, const TaskPlan& plan);

  std::shared_ptr<const CompiledModel> model_;
  std::vector<DynamicAipp> dynamic_aipp_;
  std::vector<TaskPlan> plans_;  // as CompiledModel::tasks
  bool may_prove_ = false;       // streams were checked, and no whole run without a fault has been yet
  bool proven_ = false;          // such a run has been, and every stream is fixed: what it wrote and read needs no tracking
  std::shared_ptr<Device> device_;
};

}  // namespace npu
