// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pass.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "tests/compiler/random_graph.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

const Soc& soc() {
  return **find_soc("Ascend310");
}

Graph tiny() {
  return *parse_graph(
      "graph \"g\" opset 13\n"
      "input %x : float32[batch,3,4,4]\n"
      "const %b : float32[3] = [1.0, 2.0, 3.0]\n"
      "%n = BatchNormalization(%x, %b, %b, %b, %b)\n"
      "%y = Relu(%n)\n"
      "output %y\n");
}

PassOptions batch_of(int64_t n) {
  PassOptions options;
  options.input_shapes["x"] = {n, 3, 4, 4};
  return options;
}

void check_passes_twice(Graph graph, const PassOptions& options) {
  for (const Pass& pass : all_passes()) {
    PassContext once(soc(), options);
    REQUIRE(pass.run(graph, once));
    const std::string text = print_graph(graph);
    PassContext twice(soc(), options);
    REQUIRE(pass.run(graph, twice));
    REQUIRE(verify(graph));
    INFO("pass ", std::string(pass.name), "\n", text);
    CHECK(print_graph(graph) == text);
    CHECK(twice.rewrites == 0);
  }
}

}  // namespace

TEST_CASE("the pass table is complete") {
  std::set<std::string_view> names;
  for (const Pass& pass : all_passes()) {
    CHECK(names.insert(pass.name).second);
    CHECK(!pass.doc.empty());
    CHECK(!pass.doc_zh.empty());
  }
}

TEST_CASE("the runner reports every pass") {
  Graph graph = tiny();
  PassOptions options = batch_of(2);
  options.disabled = {"fold-batch-norm"};
  std::vector<PassReport> reports;
  REQUIRE(run_passes(graph, soc(), options, [&](const PassReport& report, const Graph& now) {
    CHECK(report.nodes_after == now.order().size());
    reports.push_back(report);
    return true;
  }));
  REQUIRE(reports.size() == all_passes().size());
  for (size_t i = 0; i < reports.size(); ++i) {
    CHECK(reports[i].name == all_passes()[i].name);
    CHECK(reports[i].disabled == (reports[i].name == "fold-batch-norm"));
    if (i > 0) CHECK(reports[i].nodes_before == reports[i - 1].nodes_after);
  }
}

TEST_CASE("the observer can stop the passes") {
  Graph graph = tiny();
  int seen = 0;
  const auto status =
      run_passes(graph, soc(), batch_of(1), [&](const PassReport&, const Graph&) { return ++seen < 3; });
  REQUIRE(!status);
  CHECK(status.error().kind == ErrorKind::Cancelled);
  CHECK(seen == 3);
}

TEST_CASE("wrong options are errors that name them") {
  Graph graph = tiny();
  PassOptions options = batch_of(1);
  options.disabled = {"no-such-pass"};
  CHECK(run_passes(graph, soc(), options).error().where.find("no-such-pass") != std::string::npos);
  options.disabled = {"infer-shapes"};
  CHECK(run_passes(graph, soc(), options).error().kind == ErrorKind::InvalidArgument);
  const auto dynamic = run_passes(graph, soc(), {});
  REQUIRE(!dynamic);
  CHECK(dynamic.error().message().find("--input_shape=\"x:1,3,4,4\"") != std::string::npos);
}

// Whichever optional passes are off, the graph means the same.
TEST_CASE("passes keep the meaning of random graphs") {
  std::vector<std::string> optional;
  for (const Pass& pass : all_passes())
    if (pass.optional) optional.emplace_back(pass.name);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    test::RandomGraph random(seed);
    const Graph original = random.make(2 + static_cast<int>(seed % 9));
    REQUIRE(verify(original));
    PassOptions options;
    std::mt19937 coin(seed + 1000);
    for (const std::string& name : optional)
      if (seed % 4 != 0 && coin() % 2) options.disabled.insert(name);
    INFO("seed ", seed, " without ", fmt::format("{}", fmt::join(options.disabled, ",")), "\n", print_graph(original));

    Graph compiled = original;
    const auto status = run_passes(compiled, soc(), options);
    REQUIRE_MESSAGE(status, (status ? "" : status.error().message()));
    const Tensor input = random.tensor(to_shape(original.value(original.inputs[0]).type.dims));
    const auto expected = run_reference(original, {&input, 1});
    const auto actual = run_reference(compiled, {&input, 1});
    REQUIRE_MESSAGE(expected, (expected ? "" : expected.error().message()));
    REQUIRE_MESSAGE(actual, (actual ? "" : actual.error().message() + "\n" + print_graph(compiled)));
    REQUIRE(expected->size() == actual->size());
    // float16 rounds to 11 bits at every node; without it only the order of sums differs.
    const double tolerance = options.disabled.contains("assign-precision") ? 1e-4 : 2e-2;
    for (size_t i = 0; i < expected->size(); ++i) {
      CHECK((*actual)[i].dtype() == (*expected)[i].dtype());
      CHECK(compiled.value(compiled.outputs[i]).name == original.value(original.outputs[i]).name);
      CHECK_MESSAGE(test::relative_error((*expected)[i], (*actual)[i]) < tolerance, print_graph(compiled));
    }
  }
}

TEST_CASE("running a pass a second time changes nothing") {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    test::RandomGraph random(seed);
    INFO("seed ", seed);
    check_passes_twice(random.make(3 + static_cast<int>(seed % 7)), {});
  }
}

TEST_CASE("models of the shared data go through all passes") {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  const std::tuple<std::string, std::string, Shape> models[] = {
      {"mnist-8.onnx", "Input3", {1, 1, 28, 28}},
      {"super-resolution.onnx", "input", {1, 1, 224, 224}},
      {"ppocrv3-det.onnx", "x", {1, 3, 736, 736}},
      {"ultraface-rfb-320.onnx", "input", {1, 3, 240, 320}},
  };
  for (const auto& [file, input, shape] : models) {
    PassOptions options;
    options.input_shapes[input] = shape;
    auto graph = load_onnx_file((*data / "models" / file).string());
    REQUIRE_MESSAGE(graph, file);
    size_t cpu = 0;
    const auto status = run_passes(*graph, soc(), options);
    REQUIRE_MESSAGE(status, file, ": ", (status ? "" : status.error().message()));
    const Graph original = load_onnx_file((*data / "models" / file).string()).value();
    check_passes_twice(original, options);
    for (NodeId id : graph->order()) cpu += graph->node(id).engine == Engine::AiCpu;
    MESSAGE(file, ": ", graph->order().size(), " nodes, ", cpu, " on the AI CPU");
    CHECK(cpu * 4 < graph->order().size());
  }
}

}  // namespace npu
