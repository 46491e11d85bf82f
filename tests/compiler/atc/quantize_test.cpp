// SPDX-License-Identifier: Apache-2.0
// --compression_optimize_conf: what is compiled computes on 8-bit integers.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/compile.h"
#include "core/om/om.h"
#include "runtime/session/graph_runner.h"
#include "runtime/session/session.h"
#include "tests/compiler/atc/workplace.h"

namespace npu {

using namespace test;

namespace {

atc::Host emulated() {
  atc::Host host;
  host.runner = [](const std::string& soc) { return emulated_runner(specialise_factory(), soc, 1); };
  return host;
}

std::shared_ptr<const CompiledModel> compiled(const Workplace& place, std::vector<std::string> more, std::string* text = nullptr) {
  std::vector<std::string> arguments = compile_arguments(place, "out");
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Said said = run(arguments, emulated());
  REQUIRE_MESSAGE(said.code == 0, said.text);
  if (text) *text = said.text;
  const auto om = read_file(place.path("out.om"));
  REQUIRE(om);
  const auto package = load_package(*om);
  REQUIRE_MESSAGE(package, (package ? "" : package.error().message()));
  return package->gears[0].program;
}

bool has_task(const CompiledModel& model, std::string_view type) {
  return std::ranges::any_of(model.tasks, [&](const Task& task) { return task.op_type == type || std::ranges::count(task.fused, type) > 0; });
}

TEST_CASE("--compression_optimize_conf: a quantised input, integers on the cube, nearly the same answer") {
  const Workplace place;
  std::string text;
  const auto model = compiled(place, {"--compression_optimize_conf=" + place.path("quant.cfg"), "--log=info"}, &text);
  CHECK(text.find("1 of 1 layers on int8") != std::string::npos);
  CHECK(has_task(*model, "AscendQuant"));
  CHECK(has_task(*model, "AscendDequant"));
  Tensor x(DType::Float32, {1, 3, 4, 4});
  for (size_t i = 0; i < 48; ++i) x.mutable_data<float>()[i] = static_cast<float>(i % 13) / 4 - 1;
  auto session = Session::create(model, 1);
  REQUIRE(session);
  const auto y = (*session)->run(std::array{x});
  REQUIRE_MESSAGE(y, (y ? "" : y.error().message()));
  const auto got = (*y)[0].to_doubles();
  const auto in = x.to_doubles();
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t k = i / 16, pixel = i % 16;
    double want = 0;
    for (size_t c = 0; c < 3; ++c) want += static_cast<double>(k * 3 + c + 1) * in[c * 16 + pixel];
    // Half a step of the input for each weight, half a step of the result, whose range holds at most 3.15 * 15.
    CHECK(std::abs(got[i] - std::max(want, 0.0)) <= 15 * 4.25 / 255 / 2 + 48.0 / 255 / 2 + 0.05);
  }
}

TEST_CASE("the first layer takes images of bytes in fp16, unless enable_first_layer_quantization is true") {
  const Workplace place;
  const std::vector<std::string> images{"--insert_op_conf=" + place.path("aipp.cfg"), "--compression_optimize_conf=" + place.path("quant-bin.cfg")};
  const auto plain = compiled(place, images);
  CHECK(plain->tasks[0].fused[0] == "Aipp");
  CHECK(!has_task(*plain, "AscendQuant"));
  const std::string enabled = "enable_first_layer_quantization: true\ncalibration: {\n input_data_dir: data.bin\n input_shape: x:1,3,4,4\n}\n";
  REQUIRE(write_file(place.path("quant-bin.cfg"), as_byte_view(enabled)));
  CHECK(has_task(*compiled(place, images), "AscendQuant"));
}

TEST_CASE("a compile cache is not asked where the result depends on calibration data") {
  const Workplace place;
  const auto arguments = std::vector<std::string>{"--compression_optimize_conf=" + place.path("quant.cfg"), "--op_compiler_cache_mode=enable", "--op_compiler_cache_dir=" + place.path("cache"), "--log=info"};
  for (int i = 0; i < 2; ++i) {
    std::string text;
    compiled(place, arguments, &text);
    CHECK(text.find("compiled before") == std::string::npos);
  }
}

}  // namespace
}  // namespace npu
