// SPDX-License-Identifier: Apache-2.0
// Predicted latencies of the sample architectures stay near the published ones of the same networks.
#include <doctest/doctest.h>

#include <cmath>

#include "compiler/atc/options.h"
#include "compiler/compile.h"
#include "samples/zoo/architectures.h"
#include "tests/bench/published.h"
#include "tests/test_paths.h"

namespace npu {

TEST_CASE("Ascend310: mean absolute error at most 10 %, no figure off by more than 25 %") {
  const auto data = test::shared_data();
  const auto rows = data ? read_published((*data / "published").string(), "Ascend310") : std::vector<PublishedRow>();
  if (rows.empty()) {
    MESSAGE("skipped: no published figures in the shared data");
    return;
  }
  const struct { const char* name; Graph (*build)(uint64_t); } models[] = {
      {"resnet18", build_resnet18}, {"resnet50", build_resnet50}, {"squeezenet1_1", build_squeezenet1_1}, {"mobilenet_v2", build_mobilenet_v2}};
  double sum = 0;
  int count = 0;
  for (const auto& model : models)
    for (const PublishedRow& row : rows) {
      if (row.model != model.name || (row.batch != 1 && row.batch != 16)) continue;
      Graph graph = model.build(1);
      CompileOptions options{.soc = "Ascend310"};
      options.passes.disabled.insert(std::begin(atc::kPassesOnRequest), std::end(atc::kPassesOnRequest));
      options.passes.input_shapes["actual_input"] = {row.batch, 3, 224, 224};
      const auto compiled = compile(std::move(graph), options);
      REQUIRE(compiled);
      const auto profile = profile_model(*compiled, false);
      REQUIRE(profile);
      const double error = profile->total_us / 1e3 / row.ms - 1;
      INFO(row.model, " batch ", row.batch, ": published ", row.ms, " ms, predicted ", profile->total_us / 1e3, " ms");
      CHECK(std::abs(error) <= 0.25);
      sum += std::abs(error), ++count;
    }
  REQUIRE(count >= 6);
  CHECK(sum / count <= 0.10);
}

}  // namespace npu
