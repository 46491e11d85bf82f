// SPDX-License-Identifier: Apache-2.0
// Runs a model whose shapes are known only when its inputs come, or while it runs: what can be known is compiled for the shapes that
// came, what decides on further shapes runs on the AI CPU, then the rest is compiled for what it found. Programs are kept
// for the next inputs of the same shapes; they share device memory and weights.
#pragma once

#include <map>

#include "core/om/package.h"
#include "core/ops/stages.h"
#include "runtime/session/session.h"

namespace npu {

struct OpenSessionOptions {
  SessionOptions session;
  size_t most_programs = 32;  // kept; the one that was used longest ago goes first
};

// One stage of the last run.
struct StageRun {
  std::shared_ptr<const CompiledModel> program;  // null: nothing was compiled
  bool made_now = false;                         // not kept from an earlier run
  std::vector<std::string> host_nodes;           // "NonMaxSuppression 'nms'": run by the AI CPU afterwards
};

class OpenSession {
 public:
  // InvalidArgument without a factory: nothing can be compiled then.
  static Result<std::unique_ptr<OpenSession>> create(std::shared_ptr<const OpenModel> model, const SpecialiseFactory& factory, int threads,
                                                     const OpenSessionOptions& options = {});

  const OpenModel& model() const { return *model_; }

  // inputs in the order of model().inputs. check_inputs' errors, those of the compiler and of Session. The observer sees the
  // tasks of one stage after the other.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, const RunObserver& observer = {});

  std::span<const StageRun> last_run() const { return last_run_; }
  size_t programs() const { return stages_.size(); }  // that are kept

 private:
  // What a stage is made for: which nodes have run, and the shapes of what is there.
  using Key = std::vector<int64_t>;
  struct Stage {
    StagePlan plan;
    std::unique_ptr<Session> session;  // null: nothing to compile
    uint64_t last_use = 0;
  };
  struct Run;

  OpenSession(std::shared_ptr<const OpenModel> model, SpecialiseFactory factory, int threads, const OpenSessionOptions& options);
  Result<Stage*> find_or_make(const Run& run, bool& made);
  Result<std::unique_ptr<Session>> make_session(const Graph& program);
  Status make_room(const CompiledModel& model);
  int64_t device_bytes() const;
  void forget_oldest();
  void forget_all();
  Status run_stage(Stage& stage, Run& run, const RunObserver& observer);

  std::shared_ptr<const OpenModel> model_;
  SpecialiseFactory factory_;
  Specialise specialise_;
  int threads_;
  OpenSessionOptions options_;
  std::shared_ptr<Device> device_;  // null until the first program
  size_t first_weights_ = 0;        // bytes after the first whole run: beyond several times as much all is made anew
  std::map<Key, Stage> stages_;
  uint64_t uses_ = 0;
  std::vector<StageRun> last_run_;
};

}  // namespace npu
