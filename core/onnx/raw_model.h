// SPDX-License-Identifier: Apache-2.0
// The messages of onnx.proto as they lie in the file, one level at a time; the loader gives them meaning. The views
// point into the file's bytes. All readers throw protozero::exception on damaged data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/protobuf.h"
#include "core/graph/graph.h"

namespace npu::onnx {

using protozero::data_view;

// The repeated fields of a GraphProto, not decoded yet.
struct RawGraph {
  std::string name;
  std::vector<data_view> nodes, initializers, inputs, outputs, value_infos;
  bool has_sparse = false;
};

struct RawNode {
  std::string op, name, domain;
  std::vector<std::string_view> inputs, outputs;
  std::vector<data_view> attributes;
};

struct RawValue {
  std::string name;
  TensorType type;
  std::string problem;  // why `type` is empty: it is missing or none this project has
};

struct RawAttribute {
  std::string name;
  int64_t type = 0;
  bool is_reference = false;
  std::optional<Attr> value;  // of kinds that Attr has, tensors aside
  std::optional<data_view> tensor, graph, type_proto;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
};

RawGraph read_graph(data_view view);
RawNode read_node(data_view view);
RawAttribute read_attribute(data_view view);
RawValue read_value_info(data_view view);
// A TypeProto; `problem` says why it is not one this project has.
TensorType read_type(data_view view, std::string& problem, int depth = 0);

}  // namespace npu::onnx
