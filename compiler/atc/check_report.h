// SPDX-License-Identifier: Apache-2.0
// Mode 3: which nodes of a model can be compiled, without compiling it.
#pragma once

#include <string>

#include "core/graph/graph.h"

namespace npu::atc {

struct CheckReport {
  std::string json;   // {"name", "result", "total", "pass", "fail", "op": [{"name", "type", "result", "cause": [{"code", "message"}]}]}
  size_t failed = 0;  // nodes
};

// A node fails when no operator of its type is known.
CheckReport check_graph(const Graph& graph);

}  // namespace npu::atc
