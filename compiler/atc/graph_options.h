// SPDX-License-Identifier: Apache-2.0
// Options that change what a model reads and writes: --out_nodes, --input_fp16_nodes, --output_type.
#pragma once

#include <string>

#include "compiler/atc/options.h"
#include "core/graph/graph.h"

namespace npu::atc {

struct BoundaryOptions {
  std::string out_nodes;         // "node:0;other:1": these are the outputs, in this order
  std::string input_fp16_nodes;  // "x;y": inputs that arrive as float16
  std::string output_type;       // "FP16" for every output, or "node:0:FP16;other:1:INT8"
};

// E10001 with the value where it does not say what it should, E10016 with the name where the graph has none such.
AtcResult<void> change_boundary(Graph& graph, const BoundaryOptions& options);

}  // namespace npu::atc
