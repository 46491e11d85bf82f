// SPDX-License-Identifier: Apache-2.0
// Writes onnx.proto messages by their published field numbers, independent of the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/protobuf_message.h"

namespace npu::test {

using protozero::pbf_writer;

inline std::string dim(int64_t value) {
  return message([&](pbf_writer& w) { w.add_int64(1, value); });
}

// ValueInfoProto of a tensor.
inline std::string value_info(const std::string& name, int elem_type, const std::vector<int64_t>& dims) {
  const std::string shape = message([&](pbf_writer& w) {
    for (const int64_t d : dims) w.add_message(1, dim(d));
  });
  const std::string tensor = message([&](pbf_writer& w) {
    w.add_int32(1, elem_type);
    w.add_message(2, shape);
  });
  const std::string type = message([&](pbf_writer& w) { w.add_message(1, tensor); });
  return message([&](pbf_writer& w) {
    w.add_string(1, name);
    w.add_message(2, type);
  });
}

struct NodeSpec {
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::string name = "";
  std::string domain = "";
  std::vector<std::string> attributes = {};  // serialised AttributeProto
};

inline std::string node(const NodeSpec& spec) {
  return message([&](pbf_writer& w) {
    for (const auto& input : spec.inputs) w.add_string(1, input);
    for (const auto& output : spec.outputs) w.add_string(2, output);
    if (!spec.name.empty()) w.add_string(3, spec.name);
    w.add_string(4, spec.op);
    for (const auto& attribute : spec.attributes) w.add_message(5, attribute);
    if (!spec.domain.empty()) w.add_string(7, spec.domain);
  });
}

struct ModelSpec {
  int64_t ir_version = 8;
  int64_t opset = 13;
  // serialised messages
  std::vector<std::string> nodes = {}, initializers = {}, inputs = {}, outputs = {};
  std::vector<std::string> functions = {};
};

inline std::string model(const ModelSpec& spec) {
  const std::string graph = message([&](pbf_writer& w) {
    for (const auto& item : spec.nodes) w.add_message(1, item);
    w.add_string(2, "test");
    for (const auto& item : spec.initializers) w.add_message(5, item);
    for (const auto& item : spec.inputs) w.add_message(11, item);
    for (const auto& item : spec.outputs) w.add_message(12, item);
  });
  const std::string opset = message([&](pbf_writer& w) {
    w.add_string(1, "");
    w.add_int64(2, spec.opset);
  });
  return message([&](pbf_writer& w) {
    w.add_int64(1, spec.ir_version);
    w.add_message(7, graph);
    w.add_message(8, opset);
    for (const auto& item : spec.functions) w.add_message(25, item);
  });
}

}  // namespace npu::test
