// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/chip/check/check.h"
#include "core/chip/cross_core.h"
#include "core/isa/fetch.h"
#include "core/om/package.h"
#include "runtime/session/device_tensors.h"

namespace npu {

Result<std::shared_ptr<Device>> make_device(const CompiledModel& model, int64_t arena_bytes, int threads, int64_t max_bytes) {
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  NPU_CHECK(check_device_memory(*soc, model.name, model.weights ? static_cast<int64_t>(model.weights->size()) : 0, arena_bytes, max_bytes));
  return std::make_shared<Device>(*soc, threads, model.weights, arena_bytes);
}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const CompiledModel> model, int threads, const SessionOptions& options) {
  NPU_TRY(auto device, make_device(*model, model->arena_bytes, threads, options.max_bytes));
  return create(std::move(model), std::move(device), options);
}

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const CompiledModel> model, std::shared_ptr<Device> device, const SessionOptions& options) {
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  std::unique_ptr<Session> session(new Session(std::move(model), std::move(device)));
  if (options.check_streams) NPU_CHECK(check_model(*soc, *session->model_, session->device_->pool));
  NPU_CHECK(session->plan(*soc, options.check_streams));
  NPU_TRY(session->dynamic_aipp_, find_dynamic_aipp(*session->model_, *soc));
  return session;
}

namespace {

bool updates_atomically(const Program& block) {
  return std::ranges::any_of(block, [](const Instr& instr) {
    return instr.op == Opcode::SetAtomicAdd || instr.op == Opcode::SetAtomicMax || instr.op == Opcode::SetAtomicMin;
  });
}

Status first_error(const Task& task, std::span<const Status> status) {
  for (size_t i = 0; i < status.size(); ++i)
    if (!status[i]) {
      Error error = status[i].error();
      error.where = fmt::format("task '{}', block {}, {}", task.name, i, error.where);
      return std::unexpected(error);
    }
  return {};
}

}  // namespace

Status Session::plan(const Soc& soc, bool checked) {
  may_prove_ = checked;
  for (const Task& task : model_->tasks) {
    if (Status enough = check_enough_cores(soc, task.vector_task, task.blocks); !enough)
      return fail(enough.error().kind, fmt::format("task '{}'", task.name), std::move(enough.error().what));
    plans_.push_back({.in_order = std::ranges::any_of(task.blocks, updates_atomically),
                      .together = meets_other_blocks(task.blocks),
                      .trust = checked && std::ranges::all_of(task.blocks, is_straight) ? Trust::Straight : Trust::Nothing,
                      .fixed = std::ranges::all_of(task.blocks, is_fixed)});
  }
  return {};
}

Status Session::run_on_cores(const Task& task, const TaskPlan& plan) {
  if (plan.together) {
    std::vector<Core> cores(task.blocks.size(), device_->cores[0]);
    Status status = execute_together(cores, task.blocks, device_->memory);
    if (!status) status.error().where = fmt::format("task '{}', {}", task.name, status.error().where);
    return status;
  }
  std::vector<Status> status(task.blocks.size());
  const auto run_block = [&](Core& core, size_t i) {
    core.reset();
    status[i] = core.execute(task.blocks[i], device_->memory, {static_cast<int64_t>(i), static_cast<int64_t>(task.blocks.size())}, plan.trust);
  };
  if (plan.in_order) {
    for (size_t i = 0; i < task.blocks.size(); ++i) run_block(device_->cores[0], i);
    return first_error(task, status);
  }
  std::vector<Core*> idle;
  for (Core& core : device_->cores) idle.push_back(&core);
  std::mutex mutex;
  device_->pool.parallel_for(task.blocks.size(), [&](size_t i) {
    Core* core = nullptr;
    {
      std::lock_guard lock(mutex);
      core = idle.back();
      idle.pop_back();
    }
    run_block(*core, i);
    std::lock_guard lock(mutex);
    idle.push_back(core);
  });
  return first_error(task, status);
}

Status Session::run_task(size_t index) {
  const Task& task = model_->tasks[index];
  return task.engine == Engine::AiCpu ? run_cpu_task(*model_, task, device_->memory) : run_on_cores(task, plans_[index]);
}

void Session::trust_proven() {
  for (TaskPlan& plan : plans_)
    if (plan.fixed) plan.trust = Trust::Proven;
  proven_ = std::ranges::all_of(plans_, &TaskPlan::fixed);
}

Result<std::vector<Tensor>> Session::run(std::span<const Tensor> inputs, const RunObserver& observer) {
  const CompiledModel& m = *model_;
  device_->memory.track(!proven_);
  device_->memory.forget_arena();
  NPU_CHECK(store_inputs(m, inputs, device_->memory));
  NPU_CHECK(check_dynamic_aipp(m, dynamic_aipp_, inputs));
  for (size_t i = 0; i < m.tasks.size(); ++i) {
    if (observer && !observer(i, m.tasks.size())) return fail(ErrorKind::Cancelled, m.name, fmt::format("stopped before task {} of {}", i, m.tasks.size()));
    NPU_CHECK(run_task(i));
  }
  if (std::exchange(may_prove_, false)) trust_proven();
  return fetch_outputs(m, device_->memory);
}

}  // namespace npu
