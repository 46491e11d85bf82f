// SPDX-License-Identifier: Apache-2.0
// What the verifier finds in graphs that no text can express; the rest is in tests/golden/graph.
#include <doctest/doctest.h>

#include "core/graph/graph.h"

using namespace npu;

namespace {

// x -> Relu a -> y -> Relu b -> z
Graph chain() {
  Graph graph = *parse_graph(R"(graph "g" opset 13
input %x : float32[2]
const %c : float32[2] = [1, 2]
%y : float32[2] = Relu(%x) "a"
%z : float32[2] = Add(%y, %c) "b"
output %z
)");
  REQUIRE(verify(graph));
  return graph;
}

void check_error(const Graph& graph, std::string_view message) {
  const auto status = verify(graph);
  REQUIRE(!status);
  CHECK(status.error().message() == message);
}

}  // namespace

TEST_CASE("the verifier names what is inconsistent") {
  Graph graph = chain();
  const ValueId x = graph.find_value("x"), y = graph.find_value("y"), c = graph.find_value("c");

  SUBCASE("producer") {
    graph.value(y).producer = graph.order()[1];
    check_error(graph, "InvalidModel: Relu 'a': is not the recorded producer of 'y'");
  }
  SUBCASE("order") {
    graph.node(graph.order()[0]).inputs[0] = graph.find_value("z");
    check_error(graph, "InvalidModel: Relu 'a': input 0 'z' is produced later: the order is not topological");
  }
  SUBCASE("erased producer") {
    graph.erase(graph.order()[0]);
    check_error(graph, "InvalidModel: Add 'b': input 0 'y' is produced by nothing");
  }
  SUBCASE("name") {
    graph.value(y).name = "x";
    check_error(graph, "InvalidModel: value 'x': the name is given twice");
    graph.value(y).name = "";
    check_error(graph, "InvalidModel: value 2: has no name");
  }
  SUBCASE("constant type") {
    graph.value(c).type.dims = {3};
    check_error(graph, "InvalidModel: constant 'c': has type float32[3], its tensor is float32[2]");
  }
  SUBCASE("constant output") {
    graph.value(y).constant = Tensor(DType::Float32, {2});
    check_error(graph, "InvalidModel: Relu 'a': output 'y' is a constant");
  }
  SUBCASE("input") {
    graph.inputs = {x, x};
    check_error(graph, "InvalidModel: input 'x': is listed twice");
    graph.inputs = {x, y};
    check_error(graph, "InvalidModel: input 'y': is the output of a node");
    graph.inputs = {99};
    check_error(graph, "InvalidModel: graph inputs: value 99 does not exist");
  }
  SUBCASE("ids out of range") {
    graph.node(graph.order()[1]).inputs[1] = 99;
    check_error(graph, "InvalidModel: Add 'b': input 1 (value 99) does not exist");
    graph.node(graph.order()[1]).inputs[1] = c;
    graph.outputs = {-1};
    check_error(graph, "InvalidModel: graph outputs: value -1 does not exist");
  }
}
