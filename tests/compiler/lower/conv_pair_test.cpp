// SPDX-License-Identifier: Apache-2.0
// A convolution and the 1x1 convolution of its result in one task: the bits of two tasks, with flags that a session proves; faster in
// the timing simulation, not only in the estimate that decides.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "compiler/compile.h"
#include "core/om/package.h"
#include "runtime/profile/profile.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/compiler/random_graph.h"

namespace npu {
namespace {

constexpr const char* kCases[] = {
    "Conv(@1x32x14x14, 32x1x3x3, 32) group=i:32 pads=1,1,1,1 ; Clip(@, =0, =6) ; Conv(@, 16x32x1x1, 16)",
    "Conv(@2x96x14x14, 96x1x3x3, 96) group=i:96 pads=1,1,1,1 ; Relu(@) ; Conv(@, 24x96x1x1, 24) ; Add(@, @2x24x14x14)",
    "Conv(@3x20x9x11, 40x20x3x3, 40) pads=1,1,1,1 ; Sigmoid(@) ; Conv(@, 70x40x1x1) ; Relu(@)",
    "Conv(@1x64x7x7, 33x64x1x1, 33) ; Relu(@) ; Conv(@, 64x33x1x1, 64)",
    "Conv(@4x3x30x32, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1 ; Conv(@, 8x16x1x1) ; LeakyRelu(@) alpha=f:0.1",
    "Conv(@1x48x28x28, 48x1x5x5) group=i:48 strides=2,2 pads=2,2,2,2 ; Conv(@, 96x48x1x1)",
};

int64_t convolutions(const Task& task) {
  return std::ranges::count_if(task.fused, [](const std::string& op) { return op == "Conv2D" || op == "DepthwiseConv2D"; });
}

struct Outcome {
  std::vector<Tensor> outputs;
  double us = 0;
  int64_t pairs = 0;
};

Outcome run(const Graph& graph, const std::vector<Tensor>& inputs, const char* soc, bool fused) {
  CompileOptions options{.soc = soc};
  if (!fused) options.passes.disabled.insert("fuse-convs");
  auto model = compile(graph, options);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  Outcome outcome;
  outcome.pairs = std::ranges::count_if(model->tasks, [](const Task& task) { return convolutions(task) == 2; });
  const auto profile = profile_model(*model, false);
  REQUIRE_MESSAGE(profile, (profile ? "" : profile.error().message()));
  outcome.us = profile->total_us;
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  auto outputs = (*session)->run(inputs);
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  outcome.outputs = std::move(*outputs);
  return outcome;
}

}  // namespace

TEST_CASE("pairs of convolutions keep their bits and save time") {
  int64_t pairs = 0;
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B1", "Ascend310B4"})
    for (const char* text : kCases) {
      const std::string what = fmt::format("{} on {}", text, soc);
      CAPTURE(what);
      const OperatorCase parsed = parse_operator_case(text);
      const Outcome fused = run(parsed.graph, parsed.inputs, soc, true), apart = run(parsed.graph, parsed.inputs, soc, false);
      CHECK(apart.pairs == 0);
      REQUIRE(fused.outputs.size() == apart.outputs.size());
      for (size_t i = 0; i < fused.outputs.size(); ++i) CHECK(std::ranges::equal(fused.outputs[i].bytes(), apart.outputs[i].bytes()));
      if (fused.pairs > 0) CHECK(fused.us < apart.us);
      pairs += fused.pairs;
    }
  MESSAGE(pairs, " pairs in one task, of ", 5 * std::size(kCases));
  CHECK(pairs >= 15);
}

TEST_CASE("random graphs keep their bits with pairs of convolutions") {
  int64_t pairs = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    test::RandomGraph random(seed);
    const Graph graph = random.make(6 + static_cast<int>(seed % 8));
    CAPTURE(seed);
    CAPTURE(print_graph(graph));
    const std::vector<Tensor> inputs{random.tensor(to_shape(graph.value(graph.inputs[0]).type.dims))};
    const char* soc = seed % 2 == 0 ? "Ascend310" : "Ascend310P3";
    const Outcome fused = run(graph, inputs, soc, true);
    pairs += fused.pairs;
    if (fused.pairs == 0) continue;
    const Outcome apart = run(graph, inputs, soc, false);
    for (size_t i = 0; i < fused.outputs.size(); ++i) CHECK(std::ranges::equal(fused.outputs[i].bytes(), apart.outputs[i].bytes()));
  }
  CHECK(pairs >= 5);
}

}  // namespace npu
