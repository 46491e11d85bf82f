// SPDX-License-Identifier: Apache-2.0
// Writes GraphDefs by the published field numbers of TensorFlow's interface definitions, independent of the code under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/protobuf_message.h"

namespace npu::test::tf {

using Writer = protozero::pbf_writer;
using test::message;

struct Attr {
  std::string key, value;  // a serialised AttrValue
};

inline Attr type(const std::string& key, int code) { return {key, message([&](Writer& w) { w.add_int32(6, code); })}; }
inline Attr text(const std::string& key, const std::string& value) { return {key, message([&](Writer& w) { w.add_bytes(2, value); })}; }
inline Attr integer(const std::string& key, int64_t value) { return {key, message([&](Writer& w) { w.add_int64(3, value); })}; }
inline Attr flag(const std::string& key, bool value) { return {key, message([&](Writer& w) { w.add_bool(5, value); })}; }
inline Attr ints(const std::string& key, const std::vector<int64_t>& values) {
  const std::string list = message([&](Writer& w) { w.add_packed_int64(3, values.begin(), values.end()); });
  return {key, message([&](Writer& w) { w.add_message(1, list); })};
}

// TensorShapeProto
inline std::string dims(const std::vector<int64_t>& shape) {
  return message([&](Writer& w) {
    for (const int64_t dim : shape) w.add_message(2, message([&](Writer& d) { d.add_int64(1, dim); }));
  });
}
inline Attr shape(const std::string& key, const std::vector<int64_t>& shape) { return {key, message([&](Writer& w) { w.add_message(7, dims(shape)); })}; }

// TensorProto: values may be fewer than the shape has.
inline Attr floats(const std::vector<int64_t>& shape, const std::vector<float>& values) {
  const std::string tensor = message([&](Writer& w) {
    w.add_int32(1, 1);
    w.add_message(2, dims(shape));
    w.add_packed_float(5, values.begin(), values.end());
  });
  return {"value", message([&](Writer& w) { w.add_message(8, tensor); })};
}
inline Attr int32s(const std::vector<int64_t>& shape, const std::vector<int32_t>& values) {
  const std::string tensor = message([&](Writer& w) {
    w.add_int32(1, 3);
    w.add_message(2, dims(shape));
    w.add_bytes(4, std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int32_t)));
  });
  return {"value", message([&](Writer& w) { w.add_message(8, tensor); })};
}

// A NodeDef as a field of a GraphDef: nodes one after the other are a graph.
inline std::string node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs, const std::vector<Attr>& attrs = {}) {
  const std::string body = message([&](Writer& w) {
    w.add_string(1, name);
    w.add_string(2, op);
    for (const std::string& input : inputs) w.add_string(3, input);
    for (const Attr& attr : attrs)
      w.add_message(5, message([&](Writer& entry) {
        entry.add_string(1, attr.key);
        entry.add_message(2, attr.value);
      }));
  });
  return message([&](Writer& w) { w.add_message(1, body); });
}

inline std::string placeholder(const std::string& name, const std::vector<int64_t>& dims) { return node(name, "Placeholder", {}, {type("dtype", 1), shape("shape", dims)}); }

}  // namespace npu::test::tf
