// SPDX-License-Identifier: Apache-2.0
#include "samples/catalog.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

Result<OwnedBytes> read_sample_file(const std::string& file) {
  NPU_TRY(SharedBytes bytes, read_file((test::source_dir() / "samples" / file).string()));
  return OwnedBytes{*bytes, bytes};
}

TEST_CASE("every sample can be described and loaded, and its model has the input and output it names") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.name);
    CHECK(sample.info.empty() == (sample.build != nullptr));
    const auto info = load_sample_info(sample, read_sample_file);
    REQUIRE_MESSAGE(info.has_value(), info.error().message());
    CHECK(info->name == sample.name);
    CHECK(info->mean.size() == static_cast<size_t>(info->channels));
    CHECK(info->deviation.size() == static_cast<size_t>(info->channels));
    CHECK(info->labels_en.size() == info->labels_zh.size());

    const auto graph = load_sample_graph(sample, *info, read_sample_file);
    REQUIRE_MESSAGE(graph.has_value(), graph.error().message());
    REQUIRE(graph->inputs.size() == 1);
    REQUIRE(graph->outputs.size() == 1);
    const Value& input = graph->value(graph->inputs[0]);
    CHECK(input.name == info->input_name);
    CHECK(to_string(input.type.dims) == to_string(Dims{Dim("batch"), info->channels, info->height, info->width}));
    const Value& output = graph->value(graph->outputs[0]);
    CHECK(output.name == info->output_name);
    REQUIRE(output.type.dims.size() == 2);
    if (!info->labels_en.empty()) CHECK(output.type.dims[1] == Dim(static_cast<int64_t>(info->labels_en.size())));
  }
}

TEST_CASE("trained samples come with images of every class and an accuracy") {
  for (const Sample& sample : samples()) {
    if (sample.build) continue;
    CAPTURE(sample.name);
    const auto info = load_sample_info(sample, read_sample_file);
    REQUIRE(info.has_value());
    CHECK(info->accuracy_percent > 97.0);
    std::vector<int> seen(info->labels_en.size());
    for (const SampleImage& image : info->images) {
      CHECK(read_sample_file(image.file).has_value());
      REQUIRE(image.label >= 0);
      REQUIRE(image.label < static_cast<int>(seen.size()));
      ++seen[static_cast<size_t>(image.label)];
    }
    for (const int count : seen) CHECK(count > 0);
  }
}

TEST_CASE("a broken sample.json is an error and not an exception") {
  const Sample sample{"digits", "digits/sample.json", nullptr};
  for (const std::string text : {"", "{", "[]", "{}", R"({"labels": 3})", R"({"labels": "labels.json", "name": 1})"}) {
    CAPTURE(text);
    const auto kept = std::make_shared<std::string>(text);
    const auto info = load_sample_info(sample, [&](const std::string&) { return Result<OwnedBytes>({as_byte_view(*kept), kept}); });
    REQUIRE_FALSE(info.has_value());
    CHECK(info.error().where.find("digits/") == 0);
  }
}

}  // namespace
}  // namespace npu
