// SPDX-License-Identifier: Apache-2.0
// MindSpore's exported models (MindIR, .mindir) to a Graph of ONNX operators.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/graph/graph.h"

namespace npu {

struct MindirLoadOptions {
  std::string name = "model.mindir";                      // how errors call the file
  std::map<std::string, Dims, std::less<>> input_shapes;  // instead of what the model says of these inputs
  uint64_t max_bytes = UINT64_MAX;                        // of all parameters and constants together: CompileLimit beyond
};

// Inputs and nodes are called as in the file, without the name of the graph in front of a colon; images are NCHW. A tuple as the result
// is as many outputs. Operators: mindir_ops.def, with attributes on their nodes (MindSpore 1.x) or in the table of primitives (2.x).
// InvalidModel for what contradicts the format, UnsupportedModel for operators and forms that are not offered, calls of further
// functions and weights outside of the file among them. Meaning of operators: MindSpore's public API documentation.
Result<Graph> load_mindir(Bytes bytes, std::shared_ptr<const void> owner, const MindirLoadOptions& options = {});

}  // namespace npu
