// SPDX-License-Identifier: Apache-2.0
// A model of real size: states for going back stay within their budget, and no move takes long.
#include <doctest/doctest.h>

#include <chrono>
#include <random>

#include "compiler/compile.h"
#include "samples/catalog.h"
#include "ui/chip/chip_session.h"
#include "ui/studio/stages.h"

using namespace npu;
using namespace npu::ui;

namespace {

double since(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(); }

}  // namespace

TEST_CASE("ResNet-50: seeks both ways, searches to the end, memory within the budget") {
  constexpr size_t kBudget = ChipSession::kBudget;
  const Sample* sample = find_sample("resnet50");
  REQUIRE(sample);
  Graph graph = sample->build(1);
  CompileOptions options;
  options.soc = "Ascend310";
  options.passes.input_shapes[graph.value(graph.inputs[0]).name] = {1, 3, 224, 224};
  auto compiled = compile(std::move(graph), options);
  if (!compiled) FAIL(compiled.error().message());
  const auto model = std::make_shared<const CompiledModel>(std::move(*compiled));
  const std::vector<Tensor> inputs{pattern_input(model->inputs.at(0))};
  auto start = std::chrono::steady_clock::now();
  auto run = ChipRun::create(model, inputs, kBudget, nullptr);
  REQUIRE(run);
  MESSAGE("opened in ", since(start), " ms, ", (*run)->steps(), " steps");
  start = std::chrono::steady_clock::now();
  REQUIRE((*run)->show((*run)->steps() - 1, nullptr));
  MESSAGE("to the end in ", since(start), " ms, ", (*run)->bytes() >> 20, " MB");
  CHECK((*run)->bytes() <= kBudget);

  std::mt19937 random(5);
  double longest = 0, longest_back = 0;
  for (int i = 0; i < 30; ++i) {
    const auto at = static_cast<int64_t>(random() % static_cast<uint64_t>((*run)->steps()));
    start = std::chrono::steady_clock::now();
    REQUIRE((*run)->show(at, nullptr));
    longest = std::max(longest, since(start));
    CHECK(*(*run)->position_of((*run)->moment().place, 0, nullptr) == at);
    if (at == 0) continue;
    start = std::chrono::steady_clock::now();
    REQUIRE((*run)->show(at - 1, nullptr));
    longest_back = std::max(longest_back, since(start));
    CHECK((*run)->bytes() <= kBudget);
  }
  MESSAGE("longest of 30 seeks ", longest, " ms, of 30 steps back ", longest_back, " ms");
  start = std::chrono::steady_clock::now();
  const Breakpoint never{.kind = Breakpoint::Kind::Address, .buffer = Buffer::UB, .address = int64_t{1} << 30};
  CHECK(!*(*run)->find({.kind = ChipGoal::Kind::Break}, 0, true, std::span(&never, 1), nullptr));
  MESSAGE("searched all for a write in ", since(start), " ms");
}
