// SPDX-License-Identifier: Apache-2.0
// The messages of mind_ir.proto (MindSpore's public interface definition) as they lie in the file; views point into its bytes. Readers
// throw protozero::exception on damaged data.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/protobuf.h"
#include "core/graph/graph.h"

namespace npu::mindir {

using protozero::data_view;

struct RawTensor {
  std::string name;
  int64_t dtype = 0;
  std::vector<int64_t> dims;
  std::optional<Bytes> raw;
  bool outside = false;      // in a file beside the model
  bool compressed = false;
};

// Numbers of a scalar, a tuple or tuples in tuples, one after the other.
struct AttrValue {
  std::string name, reference;  // reference: what kind it is, as versions before 1.7 write it ("scalar:", "tensor:", "type:", "Monad:")
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::string text;
  std::vector<RawTensor> tensors;
};

struct RawNode {
  std::string name, op;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, AttrValue, std::less<>> attrs;
};

struct RawInput {
  std::string name;
  std::vector<RawTensor> tensors;
};

struct RawModel {
  bool recognised = false;  // surely MindIR
  std::string graph_name;
  std::vector<RawNode> nodes;
  std::vector<data_view> parameters;
  std::vector<RawInput> inputs, outputs;
  std::map<std::string, RawNode, std::less<>> primitives;  // operator and attributes by name
  bool has_functions = false;
};

RawModel read_model(Bytes bytes);
RawTensor read_tensor(data_view view);
DType dtype_of(int64_t code);  // Undefined for types that DType lacks

}  // namespace npu::mindir
