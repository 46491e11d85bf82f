// SPDX-License-Identifier: Apache-2.0
// The trained samples as models that take the pictures' bytes: what sample.json says of the input is AIPP's work.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "compiler/aipp/insert.h"
#include "compiler/compile.h"
#include "core/base/file.h"
#include "runtime/session/image_input.h"
#include "runtime/session/session.h"
#include "samples/catalog.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

Result<OwnedBytes> read_sample(const std::string& file) {
  NPU_TRY(SharedBytes bytes, read_file((test::source_dir() / "samples" / file).string()));
  return OwnedBytes{*bytes, bytes};
}

// (pixel / 255 - mean) / deviation.
std::string config_of(const SampleInfo& info) {
  std::string text = fmt::format("aipp_op {{ aipp_mode: static input_format: {}\n", info.grey ? "YUV400_U8" : "RGB888_U8");
  for (size_t c = 0; c < static_cast<size_t>(info.channels); ++c) {
    const float mean = info.mean.empty() ? 0 : info.mean[std::min(c, info.mean.size() - 1)], deviation = info.deviation.empty() ? 1 : info.deviation[std::min(c, info.deviation.size() - 1)];
    text += fmt::format("min_chn_{0}: {1} var_reci_chn_{0}: {2}\n", c, mean * 255, 1 / (deviation * 255));
  }
  return text + "}\n";
}

Result<Graph> with_images(const Sample& sample, const SampleInfo& info, const char* soc) {
  NPU_TRY(Graph graph, load_sample_graph(sample, info, read_sample));
  NPU_TRY(const auto ops, parse_aipp_config(config_of(info)));
  graph.value(graph.inputs[0]).type.dims[0] = 1;
  NPU_TRY(const Soc* chip, find_soc(soc));
  NPU_CHECK(insert_aipp(graph, ops, *chip));
  return graph;
}

TEST_CASE("trained samples name each of their images right from its bytes") {
  for (const char* soc : {"Ascend310", "Ascend310P3"})
    for (const Sample& sample : samples()) {
      if (sample.build) continue;
      CAPTURE(sample.name);
      const auto info = load_sample_info(sample, read_sample);
      REQUIRE(info.has_value());
      auto graph = with_images(sample, *info, soc);
      REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
      auto model = compile(std::move(*graph), {.soc = soc});
      REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
      CHECK(model->tasks[0].fused[0] == "Aipp");
      // An 8-bit network quantises its input first: the image has a task of its own.
      CHECK(model->tasks[0].op_type == (info->name == "defects_int8" ? "Aipp" : "Conv2D"));
      const Shape shape = model->inputs[0].shape;
      auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
      REQUIRE(session);
      for (const SampleImage& image : info->images) {
        CAPTURE(image.file);
        const auto bytes = read_sample(image.file);
        REQUIRE(bytes);
        const auto input = image_tensor(decode_image(bytes->bytes, image.file).value(), DType::UInt8, shape, {.layout = "NHWC", .color = info->grey ? "GRAY" : "RGB"});
        REQUIRE_MESSAGE(input, (input ? "" : input.error().message()));
        const auto outputs = (*session)->run(std::span(&*input, 1));
        REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
        const auto scores = (*outputs)[0].to_doubles();
        CHECK(std::ranges::max_element(scores) - scores.begin() == image.label);
      }
    }
}

}  // namespace
}  // namespace npu
