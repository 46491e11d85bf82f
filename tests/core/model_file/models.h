// SPDX-License-Identifier: Apache-2.0
// The same small network, y = relu(x), as a file of each framework, written by their published field numbers.
#pragma once

#include <string>
#include <vector>

#include "core/onnx/onnx.h"
#include "tests/core/caffe/net_builder.h"
#include "tests/core/mindir/model_writer.h"
#include "tests/core/tensorflow/graph_builder.h"

namespace npu::test {

inline std::string tensorflow_net() { return tf::placeholder("x", {1, 4}) + tf::node("y", "Relu", {"x"}); }

inline std::string mindir_net() {
  return ms::model(ms::input("x", {1, 4}) + ms::node("y", "ReLU", {"x"}) + ms::output("y"));
}

inline std::string caffe_net() {
  return "name: \"net\"\ninput: \"x\" input_shape { dim: 1 dim: 4 }\n"
         "layer { name: \"f\" type: \"InnerProduct\" bottom: \"x\" top: \"f\" inner_product_param { num_output: 4 bias_term: false } }\n"
         "layer { name: \"y\" type: \"ReLU\" bottom: \"f\" top: \"y\" }\n";
}
// The identity, so that the network is y = relu(x).
inline std::string caffe_weights() { return caffemodel({{"f", {{{4, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}}}}}); }

inline std::string onnx_net() {
  const auto graph = parse_graph("graph \"net\" opset 13\ninput %x : float32[1,4]\n%y = Relu(%x)\noutput %y\n");
  const auto bytes = graph ? save_onnx(*graph) : Result<std::vector<std::byte>>(std::unexpected(graph.error()));
  return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : std::string();
}

// ge.proto.ModelDef as MindSpore's AIR has it: name, version and one empty graph.
inline std::string air_net() {
  return message([](protozero::pbf_writer& w) {
    w.add_string(1, "net"), w.add_uint32(2, 1), w.add_string(3, "");
    w.add_message(7, message([](protozero::pbf_writer& g) { g.add_string(1, "graph"); }));
  });
}

// saved_model.pb: saved_model_schema_version and one meta graph.
inline std::string saved_model() {
  return message([](protozero::pbf_writer& w) { w.add_int64(1, 1), w.add_message(2, std::string("\x0a\x02hi")); });
}

}  // namespace npu::test
