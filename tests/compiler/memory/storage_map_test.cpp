// SPDX-License-Identifier: Apache-2.0
// Concat and Split without copies: where parts lie, and that the chip computes the same bits as with copies.
#include "compiler/memory/storage_map.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/compile.h"
#include "runtime/session/session.h"
#include "tests/compiler/random_graph.h"

namespace npu {
namespace {

std::shared_ptr<const CompiledModel> compiled(const Graph& graph, bool in_place, const std::string& soc) {
  CompileOptions options{.soc = soc};
  if (!in_place) options.passes.disabled.insert("place-parts");
  auto model = compile(graph, options);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  return std::make_shared<const CompiledModel>(std::move(*model));
}

size_t moves(const CompiledModel& model) {
  return static_cast<size_t>(std::ranges::count_if(model.tasks, [](const Task& task) { return task.op_type == "ConcatD" || task.op_type == "SplitD" || task.op_type == "Concat" || task.op_type == "Split"; }));
}

std::vector<Tensor> outputs(const std::shared_ptr<const CompiledModel>& model, const Tensor& x) {
  auto session = Session::create(model, 2);
  REQUIRE(session);
  auto result = (*session)->run(std::array{x});
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
  return std::move(*result);
}

// Convolutions whose results are concatenated in every way that networks do: a dense block (each layer reads all before it), a
// split, and a concatenation of concatenations.
Graph dense_net(int64_t batch, int64_t channels) {
  const auto graph = parse_graph(fmt::format(R"(graph "dense" opset 13
input %x : float32[{0},{1},6,7]
%a = Relu(%x)
%b = Sigmoid(%a)
%ab = Concat(%a, %b) {{axis=1}}
%c = Tanh(%ab)
%abc = Concat(%a, %b, %c) {{axis=1}}
%s, %t = Split(%abc) {{axis=1}}
%u = Sigmoid(%t)
%v = Add(%s, %u)
%w = Relu(%v)
%z = Concat(%abc, %v, %w) {{axis=1}}
%y = Neg(%z)
output %y
)", batch, channels));
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  return *graph;
}

}  // namespace

TEST_CASE("a dense block needs no copies") {
  for (const std::string soc : {"Ascend310", "Ascend310P3", "Ascend910B3"}) {
    for (const auto& [batch, channels, copies] : {std::tuple(1, 32, false), std::tuple(2, 32, true), std::tuple(1, 12, true)}) {
      CAPTURE(soc);
      CAPTURE(batch);
      CAPTURE(channels);
      const Graph graph = dense_net(batch, channels);
      const auto with = compiled(graph, false, soc), without = compiled(graph, true, soc);
      CHECK(moves(*with) == 4);
      if (!copies) CHECK(moves(*without) == 0);
      test::RandomGraph random(1);
      const Tensor x = random.tensor({batch, channels, 6, 7});
      const auto expected = outputs(with, x), actual = outputs(without, x);
      CHECK(std::ranges::equal(expected[0].bytes(), actual[0].bytes()));
    }
  }
}

TEST_CASE("places of parts add up") {
  auto graph = parse_graph(R"(graph "g" opset 13
input %x : float16[4,16]
%a = Relu(%x) engine=AI_CORE
%b = Neg(%a) engine=AI_CORE
%ab = Concat(%a, %b) {axis=0} engine=HOST
%c = Neg(%b) engine=AI_CORE
%abc = Concat(%a, %b, %c) {axis=0} engine=HOST
%s, %t = Split(%abc) {axis=0, num_outputs=2} engine=HOST
%y = Add(%s, %t) engine=AI_CORE
output %y
)");
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  REQUIRE(infer_shapes(*graph));
  const StorageMap map(*graph);
  const auto place = [&](const char* name) { return map.of(graph->find_value(name)); };
  const ValueId whole = graph->find_value("abc");
  for (const auto& [name, offset] : {std::pair("a", 0), std::pair("b", 128), std::pair("ab", 0), std::pair("c", 256), std::pair("abc", 0), std::pair("s", 0), std::pair("t", 192)}) {
    CHECK(place(name).whole == whole);
    CHECK_MESSAGE(place(name).offset == offset, name);
  }
  CHECK(place("y").whole == graph->find_value("y"));
}

}  // namespace npu
