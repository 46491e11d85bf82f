// SPDX-License-Identifier: Apache-2.0
// TensorFlow's frozen graphs (GraphDef in binary form, .pb) to a Graph of ONNX operators.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/graph/graph.h"

namespace npu {

struct TensorFlowLoadOptions {
  std::string name = "model.pb";                          // how errors call the file
  std::map<std::string, Dims, std::less<>> input_shapes;  // of placeholders, instead of what the graph says
  std::vector<std::string> outputs;                       // "node:0", in this order; empty: what no node reads
  uint64_t max_bytes = UINT64_MAX;                        // of all constants together: CompileLimit beyond
};

// Inputs are the placeholders that the outputs need, in the order of the file and with their dimensions, NHWC where they have that;
// outputs are called like their node ("node:1" for its second). Images stay channels-first between operators of data format NHWC:
// a tensor is turned only where something needs TensorFlow's order, so that no two convolutions have a Transpose between them.
// Operators: tensorflow_ops.def. InvalidModel for what contradicts the format, UnsupportedModel for operators and forms that are not
// offered, InvalidArgument for outputs that are not there. Meaning of operators: TensorFlow's public API documentation.
Result<Graph> load_tensorflow(Bytes bytes, std::shared_ptr<const void> owner, const TensorFlowLoadOptions& options = {});

}  // namespace npu
