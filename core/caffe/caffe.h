// SPDX-License-Identifier: Apache-2.0
// Caffe's model format: a network as text (.prototxt) and its weights (.caffemodel), to a Graph of ONNX operators.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/graph/graph.h"

namespace npu {

struct CaffeLoadOptions {
  std::string name = "model.prototxt", weights_name = "model.caffemodel";  // how errors call the files
  std::map<std::string, Dims, std::less<>> input_shapes;                    // instead of what the network says of these inputs
  uint64_t max_bytes = UINT64_MAX;                                          // of all weights together: CompileLimit beyond
};

// The network as Caffe runs it in its test phase, float32. Inputs, layers and tops keep their names; tops that no layer reads are the
// outputs. Layers: caffe_layers.def, in the form `layer` or the older `layers`. InvalidModel for what contradicts the format,
// UnsupportedModel for layers and fields that are not offered; `where` begins with the quoted name of the file at fault.
// Meaning of layers: the public documentation and interface definition (caffe.proto) of Caffe 1.0.
Result<Graph> load_caffe(std::string_view prototxt, Bytes weights, std::shared_ptr<const void> owner, const CaffeLoadOptions& options = {});

}  // namespace npu
