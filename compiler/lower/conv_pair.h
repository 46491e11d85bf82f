// SPDX-License-Identifier: Apache-2.0
// A convolution and the 1x1 convolution of its result as one task: each core computes its pixels of both, one after the other, so
// that no launch and no wait for other cores lies between them. The result in between stays in scratch memory of the task, rounded to fp16 as ever.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "compiler/lower/rule.h"

namespace npu {

// Where the second convolution of a task stands in its nodes, or nothing when it has none.
std::optional<size_t> second_conv(const Graph& graph, std::span<const NodeId> nodes);
// Bytes of the result in between. Precondition: the task has a second convolution.
int64_t between_bytes(const Graph& graph, const TaskSpec& task);

// Why the task `second`, whose convolution reads the result of the convolution of `first`, is better left alone, or nullopt. Nobody
// else reads that result.
std::optional<std::string> reject_conv_pair(const Graph& graph, const Soc& soc, const TaskSpec& first, const TaskSpec& second);
// Precondition: the task has its workspace.
Status lower_conv_pair(LowerContext& context, const TaskSpec& spec, Task& task);

}  // namespace npu
