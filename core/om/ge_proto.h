// SPDX-License-Identifier: Apache-2.0
// The messages of the vendor's public graph format (ge_ir.proto) and task format (task.proto) as far as .om files need
// them. Readers throw protozero::exception on damaged data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/protobuf.h"
#include "core/tensor/tensor.h"

namespace npu::ge {

// A tensor inside an attribute.
struct AttrTensor {
  int64_t dtype = 0;  // ge.proto.DataType
  Shape shape;
  std::string layout;
  Bytes data;
};

struct Attr {
  enum class Kind { None, Str, Int, Float, Bool, Bytes, DataType, Strs, Ints, Floats, Bools, Tensor, Other };
  Kind kind = Kind::None;
  int64_t i = 0;  // Int, Bool, DataType
  float f = 0;
  std::string s;  // Str; what it is for Other
  Bytes bytes;
  std::vector<int64_t> ints;  // Ints, Bools
  std::vector<float> floats;
  std::vector<std::string> strs;
  AttrTensor tensor;

  static Attr of(int64_t value);
  static Attr of(float value);
  static Attr of(bool value);
  static Attr of(std::string value);
  static Attr of(const char* value) { return of(std::string(value)); }
  static Attr of(std::vector<int64_t> value);
  static Attr of(std::vector<float> value);
  static Attr of(std::vector<std::string> value);
};
using Attrs = std::map<std::string, Attr, std::less<>>;
std::string to_text(const Attr& attr);

struct TensorDesc {
  std::string name;
  int64_t dtype = 0;  // ge.proto.DataType
  Shape shape;        // physical; {-2}: rank not known, -1: dimension not known
  std::string layout;
  Attrs attrs;
  int64_t size = 0;
  int64_t data_offset = 0;
};

struct Op {
  std::string name, type;
  std::vector<std::string> inputs;  // "producer:output", "" for one left out
  Attrs attrs;
  int64_t id = 0;
  std::vector<int64_t> input_offsets, output_offsets;
  std::vector<TensorDesc> input_descs, output_descs;
};

struct Model {
  std::string name, graph_name;
  int64_t version = 0;
  std::string custom_version;
  Attrs attrs, graph_attrs;
  std::vector<Op> ops;
};

Model read_model(Bytes bytes);
std::string write_model(const Model& model);

// Field numbers of task.proto. Fields from 1000 on are ours.
enum class ModelTaskField : protozero::pbf_tag_type {
  Task = 10,
  MemorySize = 11,
  StreamNum = 12,
  EventNum = 13,
  WeightSize = 14,
  Own = 1000,
};
enum class TaskField : protozero::pbf_tag_type { Id = 1, Type = 2, StreamId = 10, Kernel = 20, Own = 1000 };
enum class KernelField : protozero::pbf_tag_type {
  Context = 1,
  StubFunction = 10,
  BlockDim = 11,
  ArgsSize = 12,
  Args = 13,
  KernelName = 17
};
enum class KernelContextField : protozero::pbf_tag_type { KernelType = 1, OpIndex = 4, ArgsCount = 7 };

}  // namespace npu::ge
