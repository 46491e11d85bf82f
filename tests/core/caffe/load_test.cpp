// SPDX-License-Identifier: Apache-2.0
// What load_caffe makes of networks, and refuses. The meaning of layers is compared with PyTorch by tests/models/compare_caffe.py.
#include "core/caffe/caffe.h"

#include <doctest/doctest.h>

#include "core/ops/op.h"
#include "tests/core/caffe/net_builder.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

using namespace npu;
using namespace npu::test;

namespace {

const std::string kInput = "input: \"x\" input_shape { dim: 1 dim: 2 dim: 3 dim: 3 }\n";
const std::string kConv = "layer { name: \"c\" type: \"Convolution\" bottom: \"x\" top: \"c\" convolution_param { num_output: 1 kernel_size: 1 } }\n";
const std::vector<LayerSpec> kConvWeights = {{"c", {{{1, 2, 1, 1}, {2, 3}}, {{1}, {0.5f}}}}};

std::string layer(const std::string& type, const std::string& params) {
  return "layer { name: \"l\" type: \"" + type + "\" bottom: \"x\" top: \"y\" " + params + " }\n";
}

Result<Graph> load(const std::string& text, const std::string& weights = caffemodel(kConvWeights), CaffeLoadOptions options = {}) {
  options.name = "n.prototxt", options.weights_name = "n.caffemodel";
  return load_caffe(text, as_byte_view(weights), nullptr, options);
}

std::string text_of(const Error& error) { return error.where + ": " + error.what; }

void check_error(const Result<Graph>& graph, ErrorKind kind, const std::string& message) {
  REQUIRE(!graph);
  CHECK(graph.error().kind == kind);
  CHECK(text_of(graph.error()) == message);
}

Tensor run(const Graph& graph, const Tensor& input) {
  Graph typed = graph;
  REQUIRE(infer_shapes(typed));
  const auto results = run_reference(typed, std::span(&input, 1));
  REQUIRE_MESSAGE(results, results.error().message());
  return results->at(0);
}

}  // namespace

TEST_CASE("a network is the same in both forms, with weights packed or not") {
  std::vector<float> pixels(18);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i);
  const Tensor input = Tensor::from<float>(DType::Float32, {1, 2, 3, 3}, pixels);
  const std::string old_net = "input: 'x' input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 3 # 2014\n"
                              "layers { name: 'c' type: CONVOLUTION bottom: 'x' top: 'c' blobs_lr: 1 convolution_param { num_output: 1 kernel_size: 1 } }";
  for (const auto& graph : {load(kInput + kConv), load(old_net, caffemodel(kConvWeights, true))}) {
    REQUIRE_MESSAGE(graph, graph.error().message());
    REQUIRE(graph->inputs.size() == 1);
    CHECK(graph->value(graph->outputs[0]).name == "c");
    const Tensor output = run(*graph, input);
    REQUIRE(output.shape() == Shape{1, 1, 3, 3});
    for (size_t i = 0; i < 9; ++i) CHECK(output.data<float>()[i] == 2 * pixels[i] + 3 * pixels[i + 9] + 0.5f);
  }
}

TEST_CASE("layers in place keep the name of the blob for the last of them") {
  const auto graph = load(kInput + kConv + "layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' } layer { name: 'd' type: 'Dropout' bottom: 'c' top: 'c' }");
  REQUIRE_MESSAGE(graph, graph.error().message());
  REQUIRE(graph->outputs.size() == 1);
  const Value& out = graph->value(graph->outputs[0]);
  CHECK(out.name == "c");
  CHECK(graph->node(out.producer).name == "r");
  CHECK(graph->node(out.producer).op == "Relu");
}

TEST_CASE("layers of the training phase are left out, those of the test phase stay") {
  const std::string train = layer("EuclideanLoss", "include { phase: TRAIN }"), test = layer("ReLU", "exclude { phase: TRAIN }"), stage = layer("Sigmoid", "include { phase: TEST stage: 'special' }");
  const auto graph = load(kInput + train + test + stage);
  REQUIRE_MESSAGE(graph, graph.error().message());
  REQUIRE(graph->order().size() == 1);
  CHECK(graph->node(graph->order()[0]).op == "Relu");
}

TEST_CASE("inputs are open where the network or the caller says so") {
  const std::string open = "input: 'x' input_shape { dim: -1 dim: 2 dim: 3 dim: 3 }";
  auto graph = load(open + kConv);
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(to_string(graph->value(graph->inputs[0]).type) == "float32[?,2,3,3]");
  graph = load(kInput + kConv, caffemodel(kConvWeights), {.input_shapes = {{"x", {Dim(4), Dim(2), Dim(), Dim(9)}}}});
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(to_string(graph->value(graph->inputs[0]).type) == "float32[4,2,?,9]");
  check_error(load(kInput + kConv, caffemodel(kConvWeights), {.input_shapes = {{"x", {Dim(4)}}}}), ErrorKind::InvalidArgument,
              "--input_shape of 'x': 4 has 1 dimensions, the network's 1x2x3x3 has 4");
}

TEST_CASE("what is not offered is refused by name") {
  const auto unknown = load(kInput + layer("Python", ""));
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == ErrorKind::UnsupportedModel);
  CHECK(text_of(unknown.error()).starts_with("'n.prototxt' line 2: layer type 'Python' of 'l' is not offered; offered: Input, AbsVal, ArgMax, "));
  check_error(load(kInput + layer("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 }")), ErrorKind::UnsupportedModel, "'n.prototxt' Pooling 'l': pool: STOCHASTIC is not offered; offered: MAX, AVE");
  check_error(load(kInput + layer("Pooling", "pooling_param { kernel_size: 1 stride: 3 }")), ErrorKind::UnsupportedModel,
              "'n.prototxt' Pooling 'l': the last window begins at 3, behind the image of 3 at axis 2: Caffe gives no useful value there");
  check_error(load(kInput + layer("ReLU", "relu_param { leak: 1 }")), ErrorKind::UnsupportedModel, "'n.prototxt' ReLU 'l': line 2: the field 'leak' of relu_param is not offered");
  check_error(load(kInput + layer("ReLU", "transform_param { scale: 1 }")), ErrorKind::UnsupportedModel, "'n.prototxt' ReLU 'l': the field 'transform_param' (line 2) is not offered");
  check_error(load(kInput + layer("BatchNorm", "batch_norm_param { use_global_stats: false }")), ErrorKind::UnsupportedModel,
              "'n.prototxt' BatchNorm 'l': use_global_stats: false (statistics of the batch) is not offered");
}

TEST_CASE("what contradicts itself is refused with the values") {
  struct Case {
    std::string text, message;
  };
  for (const Case& c : std::vector<Case>{
           {kInput, "'n.prototxt': has no layers"},
           {"base_lr: 0.1", "'n.prototxt' line 1: 'base_lr' is no field of a network (layer, input, input_shape ...)"},
           {"layer {", "'n.prototxt' line 1: the '{' of layer is never closed"},
           {"layer: 3", "'n.prototxt' line 1: a layer is a message in braces"},
           {"input: 'x'" + kConv, "'n.prototxt': the network has 1 inputs and 0 shapes"},
           {kConv, "'n.prototxt' Convolution 'c': its bottom 'x' is the top of no layer before it"},
           {kInput + layer("Eltwise", ""), "'n.prototxt' Eltwise 'l': has 1 bottoms, 2 to 1024 are possible"},
           {kInput + layer("ReLU", "top: 'z'"), "'n.prototxt' ReLU 'l': has 2 tops, this layer makes 1"},
           {kInput + layer("Softmax", "softmax_param { axis: 4 }"), "'n.prototxt' Softmax 'l': axis is 4, its input 1x2x3x3 has 4 dimensions"},
           {kInput + layer("Softmax", "softmax_param { axis: one }"), "'n.prototxt' Softmax 'l': line 2: axis is 'one': a whole number of 32 bits is needed"},
           {kInput + layer("LRN", "lrn_param { local_size: 4 }"), "'n.prototxt' LRN 'l': local_size is 4, an odd number is needed"},
           {kInput + layer("Convolution", "convolution_param { num_output: 3 kernel_size: 1 group: 2 }"), "'n.prototxt' Convolution 'l': num_output 3 and group 2 do not fit 2 channels"},
           {kInput + layer("Convolution", "convolution_param { num_output: 2 kernel_size: 1 kernel_h: 1 }"), "'n.prototxt' Convolution 'l': kernel_size stands beside kernel_h and kernel_w, or the input is no image"},
           {kInput + layer("Reshape", "reshape_param { shape { dim: 5 } }"), "'n.prototxt' Reshape 'l': cannot reshape 1x2x3x3 (18 elements) to 5"},
       }) {
    CAPTURE(c.text);
    const auto graph = load(c.text);
    REQUIRE(!graph);
    CHECK(graph.error().kind == ErrorKind::InvalidModel);
    CHECK(text_of(graph.error()) == c.message);
  }
}

TEST_CASE("weights must be those of the network") {
  check_error(load(kInput + kConv, "no weights at all"), ErrorKind::InvalidModel, "'n.caffemodel': is no .caffemodel");
  check_error(load(kInput + kConv, caffemodel({{"d", {}}})), ErrorKind::InvalidModel, "'n.caffemodel' Convolution 'c': has no weights for this layer");
  check_error(load(kInput + kConv, caffemodel({{"c", {{{1, 2, 1, 1}, {2, 3}}}}})), ErrorKind::InvalidModel, "'n.caffemodel' Convolution 'c': has 1 blobs for this layer, 2 are needed");
  check_error(load(kInput + kConv, caffemodel({{"c", {{{1, 3, 1, 1}, {2, 3, 4}}}}})), ErrorKind::InvalidModel, "'n.caffemodel' Convolution 'c': blob 0 has 3 values, the layer needs 1x2x1x1");
  check_error(load(kInput + kConv, caffemodel({{"c", {{{1, 1, 1, 3}, {2, 3}}}}})), ErrorKind::InvalidModel, "'n.caffemodel' Convolution 'c': blob 0 is 1x1x1x3, the layer needs 1x2x1x1");
  check_error(load(kInput + kConv, caffemodel(kConvWeights), {.max_bytes = 11}), ErrorKind::CompileLimit, "'n.prototxt' Convolution 'c': takes 4 bytes beside the 8 of the tensors before it, the limit is 11");
}

TEST_CASE("truncated and damaged files are refused or read, never more") {
  const std::string net = kInput + kConv + layer("LRN", "lrn_param { local_size: 3 alpha: 1e-4 norm_region: WITHIN_CHANNEL }") +
                          "layer { name: 'p' type: 'Pooling' bottom: 'c' top: 'p' pooling_param { pool: AVE kernel_size: 2 stride: 2 pad: 1 } }\n" +
                          "layer { name: 's' type: 'Slice' bottom: 'y' top: 'a' top: 'b' slice_param { slice_point: 1 } }\n" +
                          "layer { name: 'b' type: 'BatchNorm' bottom: 'b' top: 'b' } layer { name: 'i' type: 'InnerProduct' bottom: 'b' top: 'i' inner_product_param { num_output: 2 bias_term: false } }\n" +
                          "layer { name: 'f' type: 'Reshape' bottom: 'a' top: 'f' reshape_param { shape { dim: 0 dim: -1 } } }\n";
  std::vector<LayerSpec> weights = kConvWeights;
  weights.push_back({"b", {{{1}, {1}}, {{1}, {2}}, {{1}, {1}}}});
  weights.push_back({"i", {{{2, 9}, std::vector<float>(18, 0.5f)}}});
  const std::string model = caffemodel(weights);
  const auto whole = load(net, model);
  REQUIRE_MESSAGE(whole, whole.error().message());
  const std::string seed = net + '\0' + model;
  for (size_t size = 0; size < seed.size(); ++size) fuzz::caffe(as_byte_view(seed).subspan(0, size));
  for (uint64_t i = 0; i < 3000; ++i) fuzz::caffe(fuzz::Mutator(i)(as_byte_view(seed)));
}
