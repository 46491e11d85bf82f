// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/device_tensors.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/ops/op.h"
#include "core/tensor/format.h"

namespace npu {
namespace {

Result<Tensor> fetch(const CompiledModel& model, const DeviceMemory& memory, const TensorDesc& desc) {
  NPU_TRY(const Shape physical, physical_shape(desc.shape, desc.dtype, desc.format));
  NPU_TRY(const auto bytes, memory.read(desc.address, desc.bytes));
  // Constants are read where they are: an embedding table is large, the rows of it that are wanted are few.
  const bool whole = element_count(physical) * static_cast<int64_t>(dtype_size(desc.dtype)) == desc.bytes;
  if (desc.address < kArenaBase && model.weights && physical == desc.shape && whole) return Tensor::view(desc.dtype, physical, bytes, model.weights);
  Tensor tensor(desc.dtype, physical);
  if (tensor.byte_size() != bytes.size())
    return fail(ErrorKind::InvalidProgram, desc.name, fmt::format("{} bytes of memory for a tensor of {}", bytes.size(), tensor.byte_size()));
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return from_format(tensor, desc.shape, desc.format);
}

Status store(DeviceMemory& memory, const TensorDesc& desc, const Tensor& tensor) {
  NPU_TRY(const Tensor physical, to_format(tensor, desc.format));
  NPU_TRY(const auto target, memory.write(desc.address, static_cast<int64_t>(physical.byte_size())));
  std::ranges::copy(physical.bytes(), target.begin());
  return {};
}

}  // namespace

Status store_inputs(const CompiledModel& model, std::span<const Tensor> inputs, DeviceMemory& memory) {
  if (inputs.size() != model.inputs.size())
    return fail(ErrorKind::InvalidArgument, model.name, fmt::format("takes {} inputs, {} were given", model.inputs.size(), inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorDesc& desc = model.inputs[i];
    if (inputs[i].dtype() != desc.dtype || inputs[i].shape() != desc.shape)
      return fail(ErrorKind::InvalidArgument, "input '" + desc.name + "'",
                  fmt::format("is {} {}, the model takes {} {}", to_string(inputs[i].dtype()), to_string(inputs[i].shape()), to_string(desc.dtype), to_string(desc.shape)));
    NPU_CHECK(store(memory, desc, inputs[i]));
  }
  return {};
}

Result<std::vector<Tensor>> fetch_outputs(const CompiledModel& model, const DeviceMemory& memory) {
  std::vector<Tensor> outputs;
  for (const TensorDesc& desc : model.outputs) {
    NPU_TRY(Tensor output, fetch(model, memory, desc));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Status run_cpu_task(const CompiledModel& model, const Task& task, DeviceMemory& memory) {
  if (task.nodes.size() != 1 || task.nodes[0] < 0 || static_cast<size_t>(task.nodes[0]) >= model.graph.node_capacity())
    return fail(ErrorKind::InvalidProgram, task.name, "an AI CPU task must name one node of the graph");
  const Node& node = model.graph.node(task.nodes[0]);
  // One descriptor for each slot of the node; an optional one that is left out is undefined.
  std::vector<Tensor> inputs(task.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (task.inputs[i].dtype != DType::Undefined) {
      NPU_TRY(inputs[i], fetch(model, memory, task.inputs[i]));
    }
  NPU_TRY(const std::vector<Tensor> outputs, run_reference(node, model.graph.opset, inputs));
  for (size_t i = 0; i < task.outputs.size() && i < outputs.size(); ++i) {
    const TensorDesc& desc = task.outputs[i];
    if (desc.dtype == DType::Undefined) continue;
    if (outputs[i].shape() != desc.shape)
      return fail(ErrorKind::UnsupportedModel, task.name, fmt::format("gave {} where {} was planned: shapes that depend on data are not supported", to_string(outputs[i].shape()), to_string(desc.shape)));
    NPU_CHECK(store(memory, desc, outputs[i].cast(desc.dtype)));
  }
  return {};
}

}  // namespace npu
