// SPDX-License-Identifier: Apache-2.0
// The ONNX model format: bytes to Graph and back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/file_system.h"
#include "core/base/result.h"
#include "core/graph/graph.h"
#include "core/tensor/datum.h"

namespace npu {

// Bytes and what keeps them alive.
struct OwnedBytes {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

struct OnnxLoadOptions {
  std::string name = "model";  // how errors call the model, usually the file name
  // Gives the bytes of an external-data file, named relative to the model. Never called with an absolute
  // path or with "..". Without it a model that needs one is an error.
  std::function<Result<OwnedBytes>(const std::string& file)> external;
  // Of all tensors together, those of sub-graphs, attributes and external data among them, as they lie in memory (4-bit elements
  // take a byte): CompileLimit before the one that is too much is decoded.
  uint64_t max_bytes = UINT64_MAX;
};

// The model as a graph: nodes sorted, every value named as in the file, weights viewing the file's bytes
// (kept alive by owner) where those are aligned. Operators are not judged here (verify does), only structure:
// InvalidModel for what contradicts the format, UnsupportedModel for functions, unknown domains, maps, sparse tensors and
// element types that DType lacks. What a sub-graph reads of the graphs around it becomes inputs of its node.
Result<Graph> load_onnx(Bytes bytes, std::shared_ptr<const void> owner, const OnnxLoadOptions& options = {});

// Reads the file, and external data from the files beside it. max_bytes: as in OnnxLoadOptions.
Result<Graph> load_onnx_file(const std::string& path, uint64_t max_bytes = UINT64_MAX, FileSystem& files = disk());

// A serialised onnx.TensorProto, as the operator test vectors use.
Result<Tensor> load_tensor_proto(Bytes bytes);

// The same for a value of any kind: a serialised TensorProto, SequenceProto or OptionalProto as the type says.
Result<Datum> load_datum_proto(Bytes bytes, const TensorType& type);

// The inverse of load_onnx. Formats, engines and tasks have no place in ONNX and are not written.
Result<std::vector<std::byte>> save_onnx(const Graph& graph);

}  // namespace npu
