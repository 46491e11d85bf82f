// SPDX-License-Identifier: Apache-2.0
// The TASK_INFO and TBE_KERNELS partitions of our .om files.
#pragma once

#include <map>

#include "core/om/container.h"
#include "core/om/ge_proto.h"
#include "core/om/model.h"

namespace npu::om {

// Tasks, descriptors and buffer lives; nodes are written as their place in the graph's order.
std::string write_task_info(const CompiledModel& model);
// Everything but the instruction streams. Throws protozero::exception on damaged data.
Status read_task_info(Bytes bytes, CompiledModel& model);

// One kernel for each AI-core task, in order.
Result<std::vector<std::byte>> write_kernel_store(const CompiledModel& model);
Status read_kernel_store(Bytes bytes, CompiledModel& model);

// One descriptor, as tasks have them. The reader throws protozero::exception on damaged data.
std::string write_desc(const TensorDesc& desc);
Result<TensorDesc> read_desc(protozero::data_view view);

// True when the kernel's bytes are instruction streams of this project.
bool is_own_kernel(Bytes bytes);

}  // namespace npu::om
