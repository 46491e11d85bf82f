// SPDX-License-Identifier: Apache-2.0
// A model's file of whichever format: told by its content, read by that format's loader.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/graph/graph.h"

namespace npu {

enum class ModelKind : uint8_t { Unknown, Om, Onnx, TensorFlow, SavedModel, MindIr, Air, CaffeNetwork, CaffeWeights };

// By the first bytes, the text, or the numbers and wire types of the outermost fields (onnx.proto, graph.proto, mind_ir.proto,
// ge_ir.proto, caffe.proto have no two in common), as far as the bytes go. Never by a name.
ModelKind kind_of_model(Bytes bytes);
std::string_view to_string(ModelKind kind);       // "TensorFlow", for people
std::string_view framework_of(ModelKind kind);    // what recorded it in the .om: "ONNX", "Caffe", "TensorFlow", "MindSpore"; "" without a loader

struct ModelFile {
  std::string name;                   // how errors call it
  Bytes bytes;
  std::shared_ptr<const void> owner;  // keeps the bytes; without it the graph copies its weights
};

struct ModelFileOptions {
  std::map<std::string, Dims, std::less<>> input_shapes;  // instead of what the file says of these inputs
  uint64_t max_bytes = UINT64_MAX;                        // of all weights together: CompileLimit beyond
};

// weights: the .caffemodel of a Caffe network, else nullptr. InvalidArgument where one of the two files is missing (and which) or is
// too many, UnsupportedModel for kinds that have no loader (with what to do), InvalidModel for bytes of no kind, and the loaders' errors.
Result<Graph> load_model_file(const ModelFile& model, const ModelFile* weights = nullptr, const ModelFileOptions& options = {});

}  // namespace npu
