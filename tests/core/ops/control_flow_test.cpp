// SPDX-License-Identifier: Apache-2.0
// Sub-graphs, sequences and optionals in the reference, on graphs written as text.
#include <doctest/doctest.h>

#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;
using Ints = std::vector<int64_t>;

namespace {

// x -> the sum over i < n of x * i, n times doubled where i is odd; the factor 2 is captured through two levels.
constexpr const char* kNested = R"(graph "g" opset 21
input %n : int64[]
input %x : float32[2]
const %yes : bool[] = [1]
const %zero : float32[2] = [0.0, 0.0]
const %two : float32[] = [2.0]
const %mod : int64[] = [2]
%sum, %all = Loop(%n, %yes, %zero, %x, %two, %mod) {body=graph "graph \"b\" opset 21\x0ainput %i : int64[]\x0ainput %go : bool[]\x0ainput %acc\x0acapture %x\x0acapture %two\x0acapture %mod\x0a%f = Cast(%i) {to=1}\x0a%p = Mul(%x, %f)\x0a%r = Mod(%i, %mod)\x0a%odd = Cast(%r) {to=9}\x0a%q = If(%odd, %p, %two) {else_branch=graph \"graph \\\"e\\\" opset 21\\x0acapture %p\\x0acapture %two\\x0a%o = Identity(%p)\\x0aoutput %o\\x0a\", then_branch=graph \"graph \\\"t\\\" opset 21\\x0acapture %p\\x0acapture %two\\x0a%o = Mul(%p, %two)\\x0aoutput %o\\x0a\"}\x0a%next = Add(%acc, %q)\x0aoutput %go\x0aoutput %next\x0aoutput %q\x0a"}
output %sum
output %all
)";

}  // namespace

TEST_CASE("a loop with a branch inside, reading values of the graphs around") {
  auto graph = parse_graph(kNested);
  REQUIRE_MESSAGE(graph, graph.error().message());
  const auto inferred = infer_shapes(*graph);
  REQUIRE_MESSAGE(inferred, inferred.error().message());
  CHECK(to_string(graph->value(graph->outputs[0]).type) == "float32[2]");
  CHECK(to_string(graph->value(graph->outputs[1]).type) == "float32[?,2]");
  CHECK(verify(*graph));
  const Tensor x = floats({2}, {1, 10});
  for (int64_t n : {0, 1, 5}) {
    const auto results = run_reference(*graph, std::vector<Tensor>{ints({n}).reshaped({}), x});
    REQUIRE_MESSAGE(results, results.error().message());
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(i * (i % 2 ? 2 : 1));
    CHECK((*results)[0].to_doubles() == std::vector<double>{sum, 10 * sum});
    CHECK((*results)[1].shape() == Shape{n, 2});
  }
  // The same after a way through the file format and back.
  const auto file = save_onnx(*graph);
  REQUIRE(file);
  const auto again = load_onnx(*file, nullptr);
  REQUIRE_MESSAGE(again, again.error().message());
  CHECK((*run_reference(*again, std::vector<Tensor>{ints({5}).reshaped({}), x}))[0].to_doubles() == std::vector<double>{14, 140});
}

TEST_CASE("a loop with more outputs than its body makes is an error") {
  Graph body;
  body.inputs = {body.add_value("i", {}), body.add_value("go", {})};
  body.outputs = {body.inputs[1]};
  Node loop = node_of("Loop", {{"body", std::make_shared<const Graph>(body)}}, 1);
  loop.inputs = {kNone, 0};
  Tensor yes(DType::Bool, {});
  yes.mutable_data<bool>()[0] = true;
  const auto result = run_reference(loop, 21, std::vector<Tensor>{Tensor(), yes});
  REQUIRE(!result);
  CHECK(result.error().what == "has 1 outputs, the body makes 0");
}

TEST_CASE("sequences and optionals") {
  const auto graph = parse_graph(R"(graph "g" opset 21
input %a : float32[2]
input %b : float32[3]
const %first : int64[] = [0]
const %last : int64[] = [-1]
%s = SequenceConstruct(%a, %b)
%t = SequenceInsert(%s, %b, %first)
%u = SequenceErase(%t, %last)
%n = SequenceLength(%u)
%z = SequenceAt(%u, %last)
%o = Optional(%z)
%h = OptionalHasElement(%o)
%g = OptionalGetElement(%o)
%c = ConcatFromSequence(%t) {axis=0}
output %n
output %g
output %h
output %c
)");
  REQUIRE_MESSAGE(graph, graph.error().message());
  const auto results = run_reference(*graph, std::vector<Tensor>{floats({2}, {1, 2}), floats({3}, {3, 4, 5})});
  REQUIRE_MESSAGE(results, results.error().message());
  CHECK((*results)[0].to_ints() == Ints{2});
  CHECK((*results)[1].to_doubles() == std::vector<double>{1, 2});
  CHECK((*results)[2].to_ints() == Ints{1});
  CHECK((*results)[3].to_doubles() == std::vector<double>{3, 4, 5, 1, 2, 3, 4, 5});
}

TEST_CASE("what takes no sequence or no strings says so") {
  const auto graph = parse_graph("graph \"g\" opset 21\ninput %a : float32[2]\n%s = SequenceConstruct(%a)\n%r = Relu(%s)\noutput %r\n");
  REQUIRE(graph);
  Graph typed = *graph;
  const auto inferred = infer_shapes(typed);
  REQUIRE(!inferred);
  CHECK(inferred.error().message() == "InvalidModel: Relu 'r': input 0 ('s') is seq(float32[2]), needs a tensor");
  const Tensor text = Tensor::of_strings({1}, {"a"});
  CHECK(error_of(run("Relu", {text})) == "InvalidModel: Relu 'n': input 0 ('') is of strings, which the operator does not take");
}

TEST_CASE("operators that only move or compare take strings") {
  const Tensor words = Tensor::of_strings({2, 2}, {"b", "a", "", "b"});
  CHECK((*run("Transpose", {words}))[0].strings() == std::vector<std::string>{"b", "", "a", "b"});
  CHECK((*run("Concat", {words, words}, {{"axis", int64_t{1}}}, 18))[0].strings() == std::vector<std::string>{"b", "a", "b", "a", "", "b", "", "b"});
  const auto unique = run("Unique", {words});
  REQUIRE(unique);
  CHECK((*unique)[0].strings() == std::vector<std::string>{"", "a", "b"});
  CHECK((*run("Equal", {words, Tensor::of_strings({1}, {"b"})}))[0].to_ints() == Ints{1, 0, 0, 1});
}
