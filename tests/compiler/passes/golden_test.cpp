// SPDX-License-Identifier: Apache-2.0
// tests/golden/passes/*.txt: graph text before and after the passes that the first line names:
//   // passes: assign-engine assign-formats
//   // shape: x 1 3 8 8                       (optional: a fixed shape of a graph input)
// What the last pass did not do, and why, follows the graph as comments.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "compiler/passes/pass.h"
#include "core/ops/op.h"
#include "tests/golden.h"

namespace npu {
namespace {

struct Directives {
  std::vector<std::string> passes;
  PassOptions options;
};

Directives read_directives(const std::string& text) {
  Directives found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string slashes, key;
    words >> slashes >> key;
    if (slashes != "//") continue;
    if (key == "passes:")
      for (std::string word; words >> word;) found.passes.push_back(word);
    if (key == "shape:") {
      std::string name;
      words >> name;
      for (int64_t dim = 0; words >> dim;) found.options.input_shapes[name].push_back(dim);
    }
  }
  return found;
}

struct Outcome {
  std::string text;
  int64_t rewrites = 0;
};

Result<Outcome> run_pass(Graph& graph, const std::string& name, const PassOptions& options) {
  const auto pass = std::ranges::find(all_passes(), std::string_view(name), &Pass::name);
  if (pass == all_passes().end()) return fail(ErrorKind::InvalidArgument, name, "no such pass");
  NPU_TRY(const Soc* soc, find_soc("Ascend310"));
  PassContext context(*soc, options);
  context.pass = name;
  NPU_CHECK(pass->run(graph, context));
  NPU_CHECK(verify(graph));
  Outcome outcome{print_graph(graph), context.rewrites};
  for (const MissedRewrite& miss : context.misses)
    outcome.text += fmt::format("// missed {}: {}\n", miss.node, miss.reason);
  return outcome;
}

Result<std::string> run(const test::Golden& golden) {
  const Directives directives = read_directives(golden.input);
  NPU_TRY(Graph graph, parse_graph(golden.input));
  NPU_CHECK(verify(graph));
  if (directives.passes.empty()) return fail(ErrorKind::InvalidArgument, golden.name, "names no passes");
  if (directives.passes.front() != "infer-shapes") NPU_CHECK(infer_shapes(graph));
  Outcome outcome;
  for (const std::string& name : directives.passes) {
    NPU_TRY(outcome, run_pass(graph, name, directives.options));
  }
  // Running a pass twice changes nothing.
  const std::string once = print_graph(graph);
  NPU_TRY(const Outcome again, run_pass(graph, directives.passes.back(), directives.options));
  CHECK_MESSAGE(once == print_graph(graph), golden.name, " is changed by a second run");
  CHECK_MESSAGE(again.rewrites == 0, golden.name, " counts rewrites in a second run");
  return outcome.text;
}

}  // namespace

TEST_CASE("passes turn golden inputs into golden outputs") {
  const auto files = test::golden_files("passes");
  CHECK(files.size() > 20);
  for (const auto& golden : files) {
    const auto result = run(golden);
    CHECK_MESSAGE(result.has_value() != golden.is_bad(), golden.name, ": ",
                  result ? "no error" : result.error().message());
    test::check_golden(golden, result ? *result : result.error().message());
  }
}

TEST_CASE("every pass has a golden test") {
  const auto files = test::golden_files("passes");
  for (const Pass& pass : all_passes()) {
    const bool covered = std::ranges::any_of(files, [&](const auto& f) {
      const auto passes = read_directives(f.input).passes;
      return !passes.empty() && passes.back() == pass.name;
    });
    CHECK_MESSAGE(covered, std::string(pass.name));
  }
}

}  // namespace npu
