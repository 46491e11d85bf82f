// SPDX-License-Identifier: Apache-2.0
// Writes MindIR by the published field numbers of mind_ir.proto, independent of the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/protobuf_message.h"

namespace npu::test::ms {

using Writer = protozero::pbf_writer;
using test::message;

// TensorProto; without values: a description.
inline std::string tensor(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values = {}, int type = 1) {
  return message([&](Writer& w) {
    for (const int64_t dim : dims) w.add_int64(1, dim);
    w.add_int32(2, type);
    w.add_string(7, name);
    if (!values.empty()) w.add_bytes(9, std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  });
}

// AttributeProto with numbers of a tuple, with a number, with a text.
inline std::string ints(const std::string& name, const std::vector<int64_t>& values) {
  return message([&](Writer& w) {
    w.add_string(1, name);
    for (const int64_t value : values) w.add_int64(10, value);
    w.add_string(15, "scalar:Tuple[...],");
  });
}
inline std::string integer(const std::string& name, int64_t value) {
  return message([&](Writer& w) {
    w.add_string(1, name);
    w.add_int64(3, value);
    w.add_string(15, "scalar:value0");
  });
}
inline std::string text(const std::string& name, const std::string& value) {
  return message([&](Writer& w) {
    w.add_string(1, name);
    w.add_bytes(5, value);
  });
}

// Fields of the graph.
inline std::string input(const std::string& name, const std::vector<int64_t>& dims) {
  const std::string info = message([&](Writer& w) {
    w.add_string(1, "g:" + name);
    w.add_message(2, tensor("", dims));
  });
  return message([&](Writer& w) { w.add_message(5, info); });
}
inline std::string parameter(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
  return message([&](Writer& w) { w.add_message(3, tensor("g:" + name, dims, values)); });
}
inline std::string node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& attrs = {}) {
  const std::string body = message([&](Writer& w) {
    for (const std::string& input : inputs) w.add_string(1, "g:" + input);
    w.add_string(2, "g:" + name);
    w.add_string(3, "g:" + name);
    w.add_string(4, op);
    for (const std::string& attr : attrs) w.add_message(5, attr);
  });
  return message([&](Writer& w) { w.add_message(1, body); });
}
inline std::string output(const std::string& name) {
  const std::string info = message([&](Writer& w) { w.add_string(1, "g:" + name); });
  return message([&](Writer& w) { w.add_message(6, info); });
}

inline std::string model(const std::string& fields) {
  return message([&](Writer& w) {
    w.add_string(1, "0.1.0");
    w.add_string(2, "MindSpore");
    w.add_message(7, message([](Writer& g) { g.add_string(2, "g"); }) + fields);
  });
}

}  // namespace npu::test::ms
