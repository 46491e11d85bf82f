// SPDX-License-Identifier: Apache-2.0
// tests/golden/onnx: the input is the name of a shared model, the output its graph text.
#include "tests/golden.h"

#include "core/onnx/onnx.h"

using namespace npu;

TEST_CASE("ONNX to graph text, golden") {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  const auto files = test::golden_files("onnx");
  REQUIRE(!files.empty());
  for (const auto& golden : files) {
    CAPTURE(golden.name);
    const auto graph = load_onnx_file((*data / golden.input.substr(0, golden.input.find('\n'))).string());
    CHECK(graph.has_value() == !golden.is_bad());
    test::check_golden(golden, graph ? print_graph(*graph) : graph.error().message());
  }
}
