// SPDX-License-Identifier: Apache-2.0
// Tensors in device memory, and the tasks that work on whole tensors.
#pragma once

#include <span>
#include <vector>

#include "core/chip/chip.h"
#include "core/om/model.h"

namespace npu {

// Every input of the model, checked against its dtype and shape.
Status store_inputs(const CompiledModel& model, std::span<const Tensor> inputs, DeviceMemory& memory);
Result<std::vector<Tensor>> fetch_outputs(const CompiledModel& model, const DeviceMemory& memory);

// The node's reference, from and to device memory.
Status run_cpu_task(const CompiledModel& model, const Task& task, DeviceMemory& memory);

}  // namespace npu
