// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/graph/graph.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

using namespace npu;

namespace {

// One of everything the text form has.
Graph full_graph() {
  Graph graph;
  graph.name = "odd \"name\"\n";
  graph.opset = 13;
  const ValueId x = graph.add_value("x", TensorType::of(DType::Float32, Dims{Dim("batch"), 3, Dim(), Dim("two words")}));
  graph.inputs = {x, graph.add_value("no type", {}), graph.add_value("no:rank/0", {DType::Int8, false, {}})};
  const float weights[] = {1.0f, -0.5f, 1e-30f, std::numeric_limits<float>::infinity()};
  const ValueId w = graph.add_constant("w", Tensor::from<float>(DType::Float32, {2, 2}, weights));
  graph.value(w).format = Format::FRACTAL_Z;
  const ValueId big = graph.add_constant("big", Tensor(DType::Float16, {4, 5}));
  graph.add_constant("unused", Tensor(DType::Float16, {1}));
  const ValueId y = graph.add_value("y", TensorType::of(DType::Float16, Shape{1, 16, 2, 2}));
  graph.value(y).format = Format::NC1HWC0;
  const ValueId z = graph.add_value("z", TensorType::of(DType::Float32, Dims()));
  Node node;
  node.op = "Conv";
  node.name = "conv \\ 1";
  node.inputs = {x, kNone, w, big};
  node.outputs = {y, kNone};
  node.attrs = {{"f", 0.1f},
                {"fs", std::vector<float>{1, 2.5f, 1e20f}},
                {"i", int64_t{-3}},
                {"is", std::vector<int64_t>{1, std::numeric_limits<int64_t>::min()}},
                {"no_floats", std::vector<float>()},
                {"no_ints", std::vector<int64_t>()},
                {"no_strings", std::vector<std::string>()},
                {"s", std::string("tab\there")},
                {"ss", std::vector<std::string>{"a", ""}},
                {"t", Tensor::from<Half>(DType::Float16, {1}, std::vector<Half>{Half(0.1f)})},
                {"whole", 2.0f}};
  node.engine = Engine::AiCore;
  node.task = 3;
  node.origin = {"a", "b"};
  graph.append(node);
  Node plain;
  plain.op = "Relu";
  plain.name = "z";
  plain.inputs = {y};
  plain.outputs = {z};
  plain.origin = {"z"};
  graph.append(plain);
  graph.outputs = {z, y};
  return graph;
}

Tensor tensor_of(const Graph& graph, std::string_view name) {
  return *graph.value(graph.find_value(name)).constant;
}

}  // namespace

TEST_CASE("the text form holds everything and parses back") {
  const Graph graph = full_graph();
  const std::string text = print_graph(graph);
  CHECK(text == R"(graph "odd \"name\"\x0a" opset 13
input %x : float32[batch,3,?,"two words"]
input %"no type"
input %no:rank/0 : int8[*]
const %w : float32[2,2] @FRACTAL_Z = [1.0, -0.5, 1e-30, inf]
const %big : float16[4,5] = #940bad80c056e3d7
%y : float16[1,16,2,2] @NC1HWC0, _ = Conv(%x, _, %w, %big) {f=0.1, fs=[1.0, 2.5, 1e+20], i=-3, is=[1, -9223372036854775808], no_floats=floats[], no_ints=ints[], no_strings=strings[], s="tab\x09here", ss=["a", ""], t=float16[1] [0.099975586], whole=2.0} "conv \\ 1" engine=AI_CORE task=3 from=["a", "b"]
%z : float32[] = Relu(%y)
output %z
output %y
)");
  const auto parsed = parse_graph(text, &graph);
  REQUIRE_MESSAGE(parsed, parsed.error().message());
  CHECK(print_graph(*parsed) == text);
  const Node& conv = parsed->node(parsed->order()[0]);
  CHECK(conv.float_attr("f", 0) == 0.1f);
  CHECK(conv.float_attr("whole", 0) == 2.0f);
  CHECK(conv.ints_attr("is")[1] == std::numeric_limits<int64_t>::min());
  CHECK(std::get<Tensor>(*conv.find_attr("t")).data<Half>()[0].bits == Half(0.1f).bits);
  CHECK(conv.engine == Engine::AiCore);
  CHECK(parsed->node(parsed->order()[1]).origin == std::vector<std::string>{"z"});
  CHECK(std::ranges::equal(tensor_of(*parsed, "w").bytes(), tensor_of(graph, "w").bytes()));
  CHECK(tensor_of(*parsed, "big").bytes().data() == tensor_of(graph, "big").bytes().data());
}

TEST_CASE("a hash tells contents apart and is the same everywhere") {
  Graph graph;
  Tensor tensor(DType::UInt8, {40});
  for (int i = 0; i < 40; ++i) tensor.mutable_data<uint8_t>()[static_cast<size_t>(i)] = static_cast<uint8_t>(i);
  graph.outputs = {graph.add_constant("c", tensor)};
  CHECK(print_graph(graph).find("= #ee6fe2c799b5c204\n") != std::string::npos);
  for (size_t i = 0; i < 40; ++i) {
    const std::string before = print_graph(graph);
    graph.value(graph.outputs[0]).constant->mutable_data<uint8_t>()[i] ^= 1;
    CHECK(print_graph(graph) != before);
  }
}

TEST_CASE("NaNs are not written as numbers, which would lose their bits") {
  Graph graph;
  const uint32_t bits[] = {0x7fc00001, 0xffc00000};
  graph.outputs = {graph.add_constant("c", Tensor::from<uint32_t>(DType::Float32, {2}, bits))};
  const std::string text = print_graph(graph);
  CHECK(text.find("= #") != std::string::npos);
  CHECK(print_graph(*parse_graph(text, &graph)) == text);
}

TEST_CASE("damaged text never crashes, and what parses prints to a fixed point") {
  const std::string text = print_graph(full_graph());
  for (size_t length = 0; length <= text.size(); ++length) fuzz::graph_text(as_byte_view(text.substr(0, length)));
  for (uint64_t seed = 0; seed < 3000; ++seed) fuzz::graph_text(fuzz::Mutator(seed)(as_byte_view(text)));
}
