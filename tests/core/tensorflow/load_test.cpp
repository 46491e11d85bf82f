// SPDX-License-Identifier: Apache-2.0
// What load_tensorflow makes of graphs, and refuses. The meaning of operators is compared with PyTorch by
// tests/models/compare_tensorflow.py.
#include "core/tensorflow/tensorflow.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/ops/op.h"
#include "tests/core/tensorflow/graph_builder.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

using namespace npu;
using namespace npu::test::tf;

namespace {

const std::string kX = placeholder("x", {1, 5, 6, 3});

Result<Graph> load(const std::string& bytes, TensorFlowLoadOptions options = {}) {
  options.name = "n.pb";
  return load_tensorflow(as_byte_view(bytes), nullptr, options);
}

std::string text_of(const Error& error) { return error.where + ": " + error.what; }

void check_error(const Result<Graph>& graph, ErrorKind kind, const std::string& message) {
  REQUIRE(!graph);
  CHECK(graph.error().kind == kind);
  CHECK(text_of(graph.error()) == message);
}

std::vector<std::string> operators(const Graph& graph) {
  std::vector<std::string> names;
  for (const NodeId id : graph.order()) names.push_back(graph.node(id).op);
  return names;
}

std::string conv(const std::string& name, const std::string& input, int64_t in, int64_t out) {
  return node(name + "/w", "Const", {}, {floats({1, 1, in, out}, {0.5f})}) + node(name, "Conv2D", {input, name + "/w"}, {ints("strides", {1, 1, 1, 1}), text("padding", "SAME")});
}

}  // namespace

TEST_CASE("images stay channels first between operators, whatever stands there") {
  const std::string between = node("b", "Const", {}, {floats({4}, {1})}) + node("add", "BiasAdd", {"c0", "b"}) + node("relu", "Relu6", {"add"}) + node("sum", "AddV2", {"relu", "c0"}) +
                              node("p", "Const", {}, {int32s({4, 2}, {0, 0, 1, 1, 1, 1, 0, 0})}) + node("pad", "Pad", {"sum", "p"}) +
                              node("axis", "Const", {}, {int32s({}, {-1})}) + node("cat", "ConcatV2", {"pad", "pad", "axis"}) +
                              node("pool", "MaxPool", {"cat"}, {ints("ksize", {1, 2, 2, 1}), ints("strides", {1, 2, 2, 1}), text("padding", "VALID")});
  const auto graph = load(kX + conv("c0", "x", 3, 4) + between + conv("c1", "pool", 8, 2));
  REQUIRE_MESSAGE(graph, graph.error().message());
  // The input's, the weights' of both, and the result's.
  CHECK(std::ranges::count(operators(*graph), "Transpose") == 4);
  CHECK(operators(*graph).back() == "Transpose");
  CHECK(graph->value(graph->outputs[0]).name == "c1");
  CHECK(to_string(graph->value(graph->outputs[0]).type) == "float32[1,3,4,2]");
}

TEST_CASE("an image of one pixel is flattened without a transposition") {
  const auto graph = load(kX + conv("c", "x", 3, 4) + node("axes", "Const", {}, {int32s({2}, {1, 2})}) + node("mean", "Mean", {"c", "axes"}, {flag("keep_dims", true)}) + node("flat", "Squeeze", {"mean"}, {ints("squeeze_dims", {1, 2})}));
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(std::ranges::count(operators(*graph), "Transpose") == 2);  // the input's, the weights'
  CHECK(to_string(graph->value(graph->outputs[0]).type) == "float32[1,4]");
}

TEST_CASE("outputs are what no node reads, or what the caller names; inputs what they need") {
  const std::string bytes = node("r", "Relu", {"x"}) + kX + placeholder("y", {2}) + node("axis", "Const", {}, {int32s({}, {3})}) + node("s", "Split", {"axis", "r"}, {integer("num_split", 3)}) + node("t", "Tanh", {"y:0"}) +
                            node("out", "Identity", {"t", "^r"});
  auto graph = load(bytes);
  REQUIRE_MESSAGE(graph, graph.error().message());
  REQUIRE(graph->outputs.size() == 2);
  CHECK(graph->value(graph->outputs[0]).name == "s");
  CHECK(graph->value(graph->outputs[1]).name == "out");
  graph = load(bytes, {.outputs = {"s:2", "r:0"}});
  REQUIRE_MESSAGE(graph, graph.error().message());
  REQUIRE(graph->inputs.size() == 1);
  CHECK(graph->value(graph->inputs[0]).name == "x");
  CHECK(graph->value(graph->outputs[0]).name == "s:2");
  CHECK(graph->value(graph->outputs[1]).name == "r");
  check_error(load(bytes, {.outputs = {"q:0"}}), ErrorKind::InvalidArgument, "--out_nodes: the model has no node 'q'");
  check_error(load(bytes, {.outputs = {"r:1"}}), ErrorKind::InvalidArgument, "--out_nodes: 'r' has no output 1");
}

TEST_CASE("the caller's shapes fill what the graph leaves open") {
  const std::string bytes = placeholder("x", {-1, 5, 6, 3}) + node("r", "Relu", {"x"});
  const auto graph = load(bytes, {.input_shapes = {{"x", {Dim(2), Dim(5), Dim(6), Dim(3)}}}});
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(to_string(graph->value(graph->inputs[0]).type) == "float32[2,5,6,3]");
  check_error(load(bytes, {.input_shapes = {{"x", {Dim(2), Dim(5), Dim(7), Dim(3)}}}}), ErrorKind::InvalidArgument, "--input_shape of 'x': 2x5x7x3 does not fit the model's ?x5x6x3");
}

TEST_CASE("constants: bytes, values, and one value for all") {
  const std::string bytes = placeholder("x", {2, 2}) + node("a", "Const", {}, {floats({2, 2}, {1, 2})}) + node("s", "AddV2", {"x", "a"});
  const auto graph = load(bytes);
  REQUIRE_MESSAGE(graph, graph.error().message());
  const Tensor zero(DType::Float32, {2, 2});
  const auto sum = run_reference(*graph, std::span(&zero, 1));
  REQUIRE(sum);
  CHECK(sum->at(0).to_doubles() == std::vector<double>{1, 2, 2, 2});
  const auto many = [](std::vector<float> values) { return placeholder("x", {2}) + node("a", "Const", {}, {floats({2}, values)}) + node("s", "AddV2", {"x", "a"}); };
  check_error(load(many({1, 2, 3})), ErrorKind::InvalidModel, "'n.pb' Const 'a': its shape 2 has 2 elements, the file 3");
  check_error(load(many({1}), {.max_bytes = 7}), ErrorKind::CompileLimit, "'n.pb' Const 'a': takes 8 bytes beside the 0 of the tensors before it, the limit is 7");
  const std::string repeated = node("a", "Const", {}, {floats({1 << 30}, {1})}) + node("s", "Relu", {"a"});
  check_error(load(repeated), ErrorKind::CompileLimit, "'n.pb' Const 'a': repeats a value over 4294967296 bytes, at most 1073741824 are possible");
  const std::string huge = node("a", "Const", {}, {floats({int64_t{1} << 40, int64_t{1} << 40}, {1})}) + node("s", "Relu", {"a"});
  CHECK(!load(huge));
}

TEST_CASE("what is not offered is refused by name") {
  const auto unknown = load(kX + node("w", "Where", {"x"}));
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == ErrorKind::UnsupportedModel);
  CHECK(text_of(unknown.error()).starts_with("'n.pb': operator 'Where' of 'w' is not offered; offered: Const, Placeholder, Abs, Add, AddN, "));
  const std::string statistics = node("v", "Const", {}, {floats({3}, {1})});
  check_error(load(kX + statistics + node("bn", "FusedBatchNormV3", {"x", "v", "v", "v", "v"})), ErrorKind::UnsupportedModel,
              "'n.pb' FusedBatchNormV3 'bn': is_training: true (statistics of the batch) is not offered: freeze the graph for inference");
  check_error(load(kX + statistics + node("bn", "FusedBatchNormV3", {"x", "v", "v", "v", "v"}, {flag("is_training", false)}) + node("r", "Relu", {"bn:1"})), ErrorKind::UnsupportedModel,
              "'n.pb' Relu 'r': its input 'bn:1': of FusedBatchNormV3 'bn' only 1 outputs are offered");
  check_error(load(kX + node("m", "MaxPool", {"x"}, {ints("ksize", {1, 1, 1, 3}), text("padding", "SAME")})), ErrorKind::UnsupportedModel, "'n.pb' MaxPool 'm': ksize of other than two spatial dimensions is not offered");
  check_error(load(kX + node("a", "Mean", {"x", "x"})), ErrorKind::UnsupportedModel, "'n.pb' Mean 'a': the axis is computed when the model runs, which is not offered: only a constant is");
  check_error(load(kX + node("p", "MirrorPad", {"x", "q"}, {text("mode", "SYMMETRIC")}) + node("q", "Const", {}, {int32s({4, 2}, {0, 0, 0, 0, 0, 0, 0, 0})})), ErrorKind::UnsupportedModel,
              "'n.pb' MirrorPad 'p': mode 'SYMMETRIC' is not offered; offered: REFLECT");
}

TEST_CASE("what contradicts itself is refused with the values") {
  struct Case {
    std::string bytes, message;
  };
  for (const Case& c : std::vector<Case>{
           {"", "'n.pb': is no frozen TensorFlow graph: it holds no nodes (a SavedModel or a checkpoint must be frozen to one file first)"},
           {"not a graph", "'n.pb': is no frozen TensorFlow graph, or cut off or damaged (unknown pbf field type)"},
           {kX, "'n.pb': has no node that others do not read, so no outputs"},
           {kX + kX, "'n.pb' Placeholder 'x': this name is given twice"},
           {node("r", "Relu", {"q"}), "'n.pb' Relu 'r': its input 'q' is no node of the graph"},
           {node("a", "Relu", {"b"}) + node("b", "Relu", {"a"}) + node("c", "Relu", {"a"}), "'n.pb' Relu 'b': its input 'a' needs its result: a cycle"},
           {kX + node("r", "Relu", {"x", "x"}), "'n.pb' Relu 'r': has 2 inputs, 1 to 1 are possible"},
           {kX + conv("c", "x", 2, 4), "'n.pb' Conv2D 'c': a filter 1x1x2x4 for 3 channels"},
           {kX + node("t", "Const", {}, {int32s({3}, {0, 2, 1})}) + node("p", "Transpose", {"x", "t"}), "'n.pb' Transpose 'p': a permutation of 3 of 4 axes"},
           {kX + node("a", "Const", {}, {int32s({}, {4})}) + node("m", "ArgMax", {"x", "a"}), "'n.pb' ArgMax 'm': axis 4 of 4 dimensions"},
       }) {
    CAPTURE(c.bytes.size());
    const auto graph = load(c.bytes);
    REQUIRE(!graph);
    CHECK(graph.error().kind == ErrorKind::InvalidModel);
    CHECK(text_of(graph.error()) == c.message);
  }
}

TEST_CASE("truncated and damaged files are refused or read, never more") {
  const std::string i = node("axis", "Const", {}, {int32s({}, {3})}), begin = node("b", "Const", {}, {int32s({4}, {0, 1, -1, 0})}), steps = node("st", "Const", {}, {int32s({4}, {1, 1, 1, 2})});
  const std::string seed = kX + conv("c", "x", 3, 4) + i + begin + steps + node("s", "Split", {"axis", "c"}, {integer("num_split", 2)}) + node("sl", "StridedSlice", {"c", "b", "st", "st"}, {integer("shrink_axis_mask", 4), integer("begin_mask", 1), integer("ellipsis_mask", 2)}) +
                           node("cat", "ConcatV2", {"s:1", "s", "axis"}) + node("sh", "Shape", {"cat"}) + node("size", "Const", {}, {int32s({4}, {1, 10, 12, 4})}) +
                           node("up", "Conv2DBackpropInput", {"size", "c/w", "cat"}, {ints("strides", {1, 2, 2, 1}), text("padding", "SAME")}) + node("r", "ResizeBilinear", {"cat", "hw"}, {flag("half_pixel_centers", true)}) +
                           node("hw", "Const", {}, {int32s({2}, {7, 9})}) + node("pk", "Pack", {"axis", "axis"}) + node("m", "Mean", {"r", "hw2"}) + node("hw2", "Const", {}, {int32s({2}, {1, -2})});
  const auto whole = load(seed);
  REQUIRE_MESSAGE(whole, whole.error().message());
  for (size_t size = 0; size < seed.size(); ++size) fuzz::tensorflow(as_byte_view(seed).subspan(0, size));
  for (uint64_t k = 0; k < 3000; ++k) fuzz::tensorflow(fuzz::Mutator(k)(as_byte_view(seed)));
}
