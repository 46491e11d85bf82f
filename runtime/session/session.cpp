// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/chip/check/check.h"
#include "core/ops/op.h"
#include "core/tensor/format.h"

namespace npu {

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const CompiledModel> model, int threads, const SessionOptions& options) {
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  if (model->arena_bytes < 0 || model->arena_bytes > soc->memory_bytes)
    return fail(ErrorKind::CompileLimit, model->name, fmt::format("needs {} bytes of device memory, {} has {}", model->arena_bytes, soc->name, soc->memory_bytes));
  std::unique_ptr<Session> session(new Session(std::move(model), *soc, std::clamp(threads, 1, 64)));
  if (options.check_streams) NPU_CHECK(check_model(*soc, *session->model_, session->pool_));
  return session;
}

Session::Session(std::shared_ptr<const CompiledModel> model, const Soc& soc, int threads)
    : model_(std::move(model)), memory_(model_->weights ? Bytes(*model_->weights) : Bytes(), model_->arena_bytes), pool_(threads) {
  for (int i = 0; i < threads; ++i) cores_.emplace_back(soc);
}

Result<Tensor> Session::fetch(const TensorDesc& desc) const {
  NPU_TRY(const Shape physical, physical_shape(desc.shape, desc.dtype, desc.format));
  NPU_TRY(const auto bytes, memory_.read(desc.address, desc.bytes));
  Tensor tensor(desc.dtype, physical);
  if (tensor.byte_size() != bytes.size())
    return fail(ErrorKind::InvalidProgram, desc.name, fmt::format("{} bytes of memory for a tensor of {}", bytes.size(), tensor.byte_size()));
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return from_format(tensor, desc.shape, desc.format);
}

Status Session::store(const TensorDesc& desc, const Tensor& tensor) {
  NPU_TRY(const Tensor physical, to_format(tensor, desc.format));
  NPU_TRY(const auto target, memory_.write(desc.address, static_cast<int64_t>(physical.byte_size())));
  std::ranges::copy(physical.bytes(), target.begin());
  return {};
}

Status Session::run_on_cores(const Task& task) {
  std::vector<Status> status(task.blocks.size());
  std::vector<Core*> idle;
  for (Core& core : cores_) idle.push_back(&core);
  std::mutex mutex;
  pool_.parallel_for(task.blocks.size(), [&](size_t i) {
    Core* core = nullptr;
    {
      std::lock_guard lock(mutex);
      core = idle.back();
      idle.pop_back();
    }
    core->reset();
    status[i] = core->execute(task.blocks[i], memory_);
    std::lock_guard lock(mutex);
    idle.push_back(core);
  });
  for (size_t i = 0; i < status.size(); ++i)
    if (!status[i]) {
      Error error = status[i].error();
      error.where = fmt::format("task '{}', block {}, {}", task.name, i, error.where);
      return std::unexpected(error);
    }
  return {};
}

Status Session::run_on_cpu(const Task& task) {
  if (task.nodes.size() != 1 || task.nodes[0] < 0 || static_cast<size_t>(task.nodes[0]) >= model_->graph.node_capacity())
    return fail(ErrorKind::InvalidProgram, task.name, "an AI CPU task must name one node of the graph");
  const Node& node = model_->graph.node(task.nodes[0]);
  // One descriptor for each slot of the node; an optional one that is left out is undefined.
  std::vector<Tensor> inputs(task.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (task.inputs[i].dtype != DType::Undefined) {
      NPU_TRY(inputs[i], fetch(task.inputs[i]));
    }
  NPU_TRY(const std::vector<Tensor> outputs, run_reference(node, model_->graph.opset, inputs));
  for (size_t i = 0; i < task.outputs.size() && i < outputs.size(); ++i) {
    const TensorDesc& desc = task.outputs[i];
    if (desc.dtype == DType::Undefined) continue;
    if (outputs[i].shape() != desc.shape)
      return fail(ErrorKind::UnsupportedModel, task.name, fmt::format("gave {} where {} was planned: shapes that depend on data are not supported", to_string(outputs[i].shape()), to_string(desc.shape)));
    NPU_CHECK(store(desc, outputs[i].cast(desc.dtype)));
  }
  return {};
}

Status Session::run_task(const Task& task) { return task.engine == Engine::AiCpu ? run_on_cpu(task) : run_on_cores(task); }

Result<std::vector<Tensor>> Session::run(std::span<const Tensor> inputs, const RunObserver& observer) {
  const CompiledModel& m = *model_;
  if (inputs.size() != m.inputs.size())
    return fail(ErrorKind::InvalidArgument, m.name, fmt::format("takes {} inputs, {} were given", m.inputs.size(), inputs.size()));
  memory_.forget_arena();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorDesc& desc = m.inputs[i];
    if (inputs[i].dtype() != desc.dtype || inputs[i].shape() != desc.shape)
      return fail(ErrorKind::InvalidArgument, "input '" + desc.name + "'",
                  fmt::format("is {} {}, the model takes {} {}", to_string(inputs[i].dtype()), to_string(inputs[i].shape()), to_string(desc.dtype), to_string(desc.shape)));
    NPU_CHECK(store(desc, inputs[i]));
  }
  for (size_t i = 0; i < m.tasks.size(); ++i) {
    if (observer && !observer(i, m.tasks.size())) return fail(ErrorKind::Cancelled, m.name, fmt::format("stopped before task {} of {}", i, m.tasks.size()));
    NPU_CHECK(run_task(m.tasks[i]));
  }
  std::vector<Tensor> outputs;
  for (const TensorDesc& desc : m.outputs) {
    NPU_TRY(Tensor output, fetch(desc));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace npu
