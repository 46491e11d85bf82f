// SPDX-License-Identifier: Apache-2.0
// How much of each on-chip buffer the tasks use.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu {

// Bytes of each buffer that are read or written somewhere in a task's longest block, in 32-byte blocks; GM: 0.
using BufferUse = std::array<int64_t, kBuffers>;

// One for each task; AI CPU tasks and programs that cannot be read without running them: zeros. keep_going: asked before each
// task; false: Cancelled.
Result<std::vector<BufferUse>> buffer_use(const CompiledModel& model, const Soc& soc, const std::function<bool()>& keep_going = {});

}  // namespace npu
