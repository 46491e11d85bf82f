// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/ops/op.h"

namespace npu {

enum class RunsOn : uint8_t {
  AiCore,     // where types and shapes allow; else on the AI CPU
  NoTask,     // another view of the same bytes
  AiCpu,
  Folded,     // only where the inputs are constants: the result's shape depends on values
  Reference,  // has sequences, strings or sub-graphs, which compiled models do not hold
};

struct OperatorSupport {
  RunsOn runs_on;
  std::string types;  // of the first input: names of element types and of groups of them
};

// Made from the registries: the element types are those for which some node of the operator passes inference.
OperatorSupport support_of(const OpDef& def);

// Which operators there are, since which opset, where they run and on which element types, as a Markdown table.
std::string support_table();

}  // namespace npu
