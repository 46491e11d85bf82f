// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/graph_options.h"

#include <doctest/doctest.h>

#include "compiler/compile.h"
#include "core/graph/text.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"

namespace npu {
namespace {

constexpr const char* kModel =
    "graph \"g\" opset 18\n"
    "input %x : float32[2,3]\n"
    "%a = Abs(%x) \"first\"\n"
    "%s = Relu(%a)\n"
    "%p, %q = Split(%s) {axis=0, num_outputs=2} \"parts\"\n"
    "output %q\n";

Graph changed(const atc::BoundaryOptions& options) {
  Graph graph = parse_graph(kModel).value();
  const auto done = atc::change_boundary(graph, options);
  REQUIRE_MESSAGE(done, (done ? "" : done.error().text));
  REQUIRE(verify(graph));
  return graph;
}

atc::AtcError refused(const atc::BoundaryOptions& options) {
  Graph graph = parse_graph(kModel).value();
  const auto done = atc::change_boundary(graph, options);
  REQUIRE(!done);
  return done.error();
}

std::vector<Tensor> compiled_and_run(const Graph& graph, const Tensor& x) {
  auto model = compile(graph, CompileOptions{});
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 1);
  REQUIRE(session);
  return (*session)->run(std::array{x}).value();
}

const std::vector<float> kX{-1, 2, -3, 4, -5, 6};
Tensor input() { return Tensor::from<float>(DType::Float32, {2, 3}, kX); }

}  // namespace

TEST_CASE("outputs are chosen by node and number, or by tensor") {
  const auto outputs = compiled_and_run(changed({.out_nodes = "parts:1; parts:0;first:0;s:0"}), input());
  REQUIRE(outputs.size() == 4);
  CHECK(outputs[0].to_doubles() == std::vector<double>{4, 5, 6});
  CHECK(outputs[1].to_doubles() == std::vector<double>{1, 2, 3});
  CHECK(outputs[2].to_doubles() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(outputs[3].shape() == Shape{2, 3});
  CHECK(changed({.out_nodes = "first:0"}).order().size() == 1);  // what nothing reads is gone
}

TEST_CASE("inputs arrive and outputs leave in other types") {
  const Graph graph = changed({.input_fp16_nodes = "x", .output_type = "FP16"});
  CHECK(graph.value(graph.inputs[0]).name == "x");
  CHECK(graph.value(graph.inputs[0]).type.dtype == DType::Float16);
  CHECK(graph.value(graph.outputs[0]).name == "q");
  const auto halves = compiled_and_run(graph, input().cast(DType::Float16));
  CHECK(halves[0].dtype() == DType::Float16);
  CHECK(halves[0].to_doubles() == std::vector<double>{4, 5, 6});

  const auto bytes = compiled_and_run(changed({.out_nodes = "first:0;parts:1", .output_type = "parts:1:INT32"}), input());
  CHECK(bytes[0].dtype() == DType::Float32);
  CHECK(bytes[1].dtype() == DType::Int32);
  CHECK(bytes[1].to_ints() == std::vector<int64_t>{4, 5, 6});
}

TEST_CASE("what the options name must be there") {
  CHECK(refused({.out_nodes = "none:0"}).code == "E10016");
  CHECK(refused({.out_nodes = "parts"}).text.find("'parts'") != std::string::npos);
  CHECK(refused({.out_nodes = "parts:2"}).text.find("has 2 outputs") != std::string::npos);
  CHECK(refused({.out_nodes = "parts:0;parts:0"}).text.find("twice") != std::string::npos);
  CHECK(refused({.input_fp16_nodes = "y"}).code == "E10016");
  CHECK(refused({.output_type = "FP8"}).text.find("FP8") != std::string::npos);
  CHECK(refused({.output_type = "first:0:FP16"}).text.find("no output of the model") != std::string::npos);
}

}  // namespace npu
