// SPDX-License-Identifier: Apache-2.0
// tests/golden/graph: graph text in; out comes its canonical form, or for bad-* what the parser or verifier says.
#include "tests/golden.h"

#include "core/graph/graph.h"

using namespace npu;

TEST_CASE("graph text, golden") {
  const auto files = test::golden_files("graph");
  REQUIRE(files.size() > 10);
  for (const auto& golden : files) {
    CAPTURE(golden.name);
    const auto graph = parse_graph(golden.input);
    const auto verified = graph ? verify(*graph) : Status(std::unexpected(graph.error()));
    CHECK(verified.has_value() == !golden.is_bad());
    test::check_golden(golden, verified ? print_graph(*graph) : verified.error().message());
  }
}
