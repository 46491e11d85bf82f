// SPDX-License-Identifier: Apache-2.0
// The chain that a user's picture takes, up to the compiler: decode, normalise as sample.json says, and what the operators mean.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/ops/op.h"
#include "runtime/session/image_input.h"
#include "samples/catalog.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

Result<OwnedBytes> read_sample_file(const std::string& file) {
  NPU_TRY(SharedBytes bytes, read_file((test::source_dir() / "samples" / file).string()));
  return OwnedBytes{*bytes, bytes};
}

Result<int> classify(const Graph& graph, const SampleInfo& info, const std::string& file) {
  NPU_TRY(const OwnedBytes bytes, read_sample_file(file));
  NPU_TRY(const Image image, decode_image(bytes.bytes, file));
  const ImageInputOptions options{.mean = info.mean, .std = info.deviation, .layout = "NCHW", .color = info.grey ? "GRAY" : "RGB"};
  NPU_TRY(const Tensor input, image_tensor(image, DType::Float32, {1, info.channels, info.height, info.width}, options));
  NPU_TRY(const std::vector<Tensor> outputs, run_reference(graph, std::span(&input, 1)));
  const auto scores = outputs.at(0).data<float>();
  return static_cast<int>(std::ranges::max_element(scores) - scores.begin());
}

TEST_CASE("trained samples name each of their images right") {
  for (const Sample& sample : samples()) {
    if (sample.build) continue;
    CAPTURE(sample.name);
    const auto info = load_sample_info(sample, read_sample_file);
    REQUIRE(info.has_value());
    const auto graph = load_sample_graph(sample, *info, read_sample_file);
    REQUIRE(graph.has_value());
    REQUIRE(info->images.size() >= info->labels_en.size());
    for (const SampleImage& image : info->images) {
      CAPTURE(image.file);
      const auto answer = classify(*graph, *info, image.file);
      REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
      CHECK(*answer == image.label);
    }
  }
}

}  // namespace
}  // namespace npu
