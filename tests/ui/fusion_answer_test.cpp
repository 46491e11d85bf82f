// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/fusion_answer.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "ui/studio/stages.h"

using namespace npu;
using namespace npu::ui;

namespace {

// A convolution with a Relu that fuses, a tensor that is read twice, a pooling behind it, and a gate.
std::string net_text() {
  std::string weights = "0.1";
  for (int i = 1; i < 256; ++i) weights += ", 0.1";
  return "graph \"g\" opset 18\ninput %x : float32[1,16,8,8]\nconst %w : float32[16,16,1,1] = [" + weights + "]\n" + R"(%c = Conv(%x, %w) {kernel_shape=[1, 1]}
%r = Relu(%c)
%s = Sigmoid(%r)
%t = Tanh(%r)
%p = MaxPool(%s) {kernel_shape=[2, 2], strides=[2, 2]}
%q = Relu(%p)
output %q
output %t
)";
}

struct Asked {
  GraphModel model;
  CompileInfo compile;
  TaskLinks links;

  FusionAnswer between(const std::string& from, const std::string& to) const {
    const auto edge = std::ranges::find_if(model.edges, [&](const GraphEdge& e) { return model.nodes[static_cast<size_t>(e.from)].name == from && model.nodes[static_cast<size_t>(e.to)].name == to; });
    REQUIRE(edge != model.edges.end());
    return answer_fusion(model, *edge, links, compile);
  }
};

Asked compile(std::set<std::string, std::less<>> disabled = {}) {
  auto graph = parse_graph(net_text());
  REQUIRE_MESSAGE(graph.has_value(), graph.error().message());
  CompileRequest request;
  request.chip = "Ascend310";
  request.explain = true;
  request.disabled = std::move(disabled);
  auto made = compile_stage(*graph, request, [](size_t, size_t, const std::string&) { return true; }, [](const CompileInfo&) {});
  REQUIRE_MESSAGE(made.has_value(), made.error().message());
  Asked asked{graph_model(*graph), std::move(*made), {}};
  asked.links = link_tasks(asked.model, *asked.compile.model, {});
  return asked;
}

bool has(const std::vector<std::string>& list, const std::string& name) { return std::ranges::count(list, name) > 0; }

}  // namespace

TEST_CASE("an edge inside a task is told to be fused") {
  const FusionAnswer answer = compile().between("c", "r");
  CHECK(answer.verdict == FusionAnswer::Verdict::OneTask);
  CHECK(answer.by == "fuse-tasks");
  CHECK(!answer.task.empty());
}

TEST_CASE("what a pass left alone is the answer, that of the edge first") {
  const FusionAnswer answer = compile().between("r", "s");
  CHECK(answer.verdict == FusionAnswer::Verdict::Apart);
  REQUIRE(!answer.reasons.empty());
  CHECK(answer.reasons[0].pass == "fuse-tasks");
  CHECK(answer.reasons[0].text.find("is read elsewhere too") != std::string::npos);
  CHECK(answer.reasons[0].text.find("Relu 'r'") != std::string::npos);
  CHECK(!has(answer.looked, "fuse-tasks"));
  CHECK(has(answer.looked, "fuse-gelu"));
  CHECK(answer.off.empty());
}

TEST_CASE("where no reason was kept the rule is told") {
  const Asked asked = compile();
  const FusionAnswer pool = asked.between("s", "p"), behind = asked.between("p", "q");
  REQUIRE(pool.verdict == FusionAnswer::Verdict::Apart);
  REQUIRE(!pool.reasons.empty());
  CHECK(pool.reasons[0].text.find("begins a task of its own") != std::string::npos);
  REQUIRE(behind.verdict == FusionAnswer::Verdict::Apart);
  REQUIRE(!behind.reasons.empty());
  CHECK(behind.reasons[0].text.find("only moves, pools or reduces") != std::string::npos);
}

TEST_CASE("passes that are switched off are named, and the ends of the model are told") {
  const Asked asked = compile({"fuse-tasks"});
  const FusionAnswer answer = asked.between("c", "r");
  CHECK(answer.verdict == FusionAnswer::Verdict::Apart);
  CHECK(answer.off == std::vector<std::string>{"fuse-tasks"});
  CHECK(std::ranges::none_of(answer.reasons, [](const auto& reason) { return reason.pass == "fuse-tasks"; }));
  CHECK(asked.between("x", "c").verdict == FusionAnswer::Verdict::Boundary);
}
