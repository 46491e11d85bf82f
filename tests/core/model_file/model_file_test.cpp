// SPDX-License-Identifier: Apache-2.0
// Files of every framework are told apart by their content, and what is wrong with them is said.
#include "core/model_file/model_file.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/ops/op.h"
#include "tests/core/model_file/models.h"
#include "tests/test_paths.h"

using namespace npu;
using namespace npu::test;

namespace {

ModelFile file(const std::string& name, const std::string& bytes) { return {name, as_byte_view(bytes), nullptr}; }

std::string message_of(const Result<Graph>& graph) { return graph ? "" : graph.error().where + ": " + graph.error().what; }

// relu(-1, 2, -3, 4) by the operators' reference.
void check_is_relu(const Result<Graph>& loaded) {
  REQUIRE_MESSAGE(loaded, message_of(loaded));
  Graph graph = *loaded;
  REQUIRE(infer_shapes(graph));
  const std::vector<float> values{-1, 2, -3, 4};
  const Tensor input = Tensor::from<float>(DType::Float32, {1, 4}, values);
  const auto outputs = run_reference(graph, std::span(&input, 1));
  REQUIRE(outputs);
  const auto result = outputs->at(0).data<float>();
  CHECK(std::vector<float>(result.begin(), result.end()) == std::vector<float>{0, 2, 0, 4});
}

}  // namespace

TEST_CASE("one network from each framework is the same network, whatever its name") {
  check_is_relu(load_model_file(file("a.bin", onnx_net())));
  check_is_relu(load_model_file(file("a.onnx", tensorflow_net())));
  check_is_relu(load_model_file(file("a.pb", mindir_net())));
  const std::string net = caffe_net(), weights = caffe_weights();
  const ModelFile second = file("b", weights);
  check_is_relu(load_model_file(file("a", net), &second));
}

TEST_CASE("kinds are told by content") {
  const std::pair<std::string, ModelKind> cases[] = {
      {onnx_net(), ModelKind::Onnx},         {tensorflow_net(), ModelKind::TensorFlow},  {mindir_net(), ModelKind::MindIr},
      {caffe_net(), ModelKind::CaffeNetwork}, {caffe_weights(), ModelKind::CaffeWeights}, {caffemodel({{"f", {{{1}, {2}}}}}, true), ModelKind::CaffeWeights},
      {air_net(), ModelKind::Air},           {saved_model(), ModelKind::SavedModel},     {"", ModelKind::Unknown},
      {"this is no model", ModelKind::Unknown},
  };
  for (const auto& [bytes, kind] : cases) {
    CAPTURE(to_string(kind));
    CHECK(kind_of_model(as_byte_view(bytes)) == kind);
  }
  const auto sample = read_file(NPU_SOURCE_DIR "/samples/digits/digits.onnx");
  REQUIRE(sample);
  CHECK(kind_of_model(**sample) == ModelKind::Onnx);
  // Half a file is still told apart, so that its own loader says what is wrong.
  CHECK(kind_of_model(Bytes(**sample).first((*sample)->size() / 2)) == ModelKind::Onnx);
}

TEST_CASE("what cannot be opened says why and what to do") {
  const std::string weights = caffe_weights();
  const ModelFile second = file("net.caffemodel", weights);
  const auto check = [](const Result<Graph>& graph, ErrorKind kind, const std::string& what) {
    REQUIRE_FALSE(graph);
    CHECK(graph.error().kind == kind);
    CHECK(message_of(graph) == what);
  };
  check(load_model_file(file("net.prototxt", caffe_net())), ErrorKind::InvalidArgument, "net.prototxt: is a Caffe network without its weights: the .caffemodel is missing. Open both files");
  check(load_model_file(second), ErrorKind::InvalidArgument, "net.caffemodel: holds the weights of a Caffe network, the network itself is missing: open it with its .prototxt");
  check(load_model_file(file("net.pb", tensorflow_net()), &second), ErrorKind::InvalidArgument, "net.caffemodel: goes with no network: 'net.pb' is a model of TensorFlow, which holds its own weights");
  check(load_model_file(file("net.air", air_net())), ErrorKind::UnsupportedModel,
        "net.air: is an AIR model, a format that MindSpore gives up and that is not offered: export with file_format MINDIR or ONNX");
  check(load_model_file(file("saved_model.pb", saved_model())), ErrorKind::UnsupportedModel,
        "saved_model.pb: is a TensorFlow SavedModel, whose variables are in other files: freeze it into one graph (.pb)");
  const auto nothing = load_model_file(file("a.onnx", "this is no model"));
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind == ErrorKind::InvalidModel);
  CHECK(nothing.error().where == "a.onnx");
}

TEST_CASE("every truncation of every kind ends in an error or a graph, never elsewhere") {
  const std::string weights = caffe_weights();
  const ModelFile second = file("net.caffemodel", weights);
  for (const std::string& whole : {onnx_net(), tensorflow_net(), mindir_net(), caffe_net()})
    for (size_t length = 0; length < whole.size(); ++length) {
      const std::string part = whole.substr(0, length);
      for (const ModelFile* other : {static_cast<const ModelFile*>(nullptr), &second})
        if (const auto graph = load_model_file(file("part", part), other); !graph) CHECK_FALSE(graph.error().what.empty());
    }
}
