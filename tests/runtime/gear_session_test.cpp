// SPDX-License-Identifier: Apache-2.0
// A gear must answer as the model compiled for its shapes alone does, bit for bit, whichever gears ran before.
#include <doctest/doctest.h>

#include "core/om/om.h"
#include "runtime/profile/profile.h"
#include "runtime/replay/replay.h"
#include "runtime/session/gear_session.h"
#include "tests/runtime/small_net.h"

namespace npu {
namespace {

using namespace test;

struct Case {
  Dynamic dynamic;
  std::vector<GearShapes> gears;
};

std::vector<Case> cases() {
  const auto gear = [](std::vector<int64_t> values, int64_t n, int64_t h, int64_t w) {
    return GearShapes{std::move(values), Shapes{{"x", {n, 3, h, w}}}};
  };
  return {{Dynamic::Batch, {gear({1}, 1, 16, 16), gear({2}, 2, 16, 16), gear({5}, 5, 16, 16)}},
          {Dynamic::Image, {gear({16, 16}, 1, 16, 16), gear({40, 24}, 1, 40, 24), gear({64, 64}, 1, 64, 64)}},
          {Dynamic::AnyDims, {gear({3, 8, 8}, 3, 8, 8), gear({1, 30, 18}, 1, 30, 18)}}};
}

ModelPackage compiled(const Case& c, const char* soc = "Ascend310") {
  auto package = compile_gears(small_net(), options_for({}, soc), c.dynamic, c.gears);
  REQUIRE_MESSAGE(package, (package ? "" : package.error().message()));
  return std::move(*package);
}

ModelPackage through_file(const ModelPackage& package) {
  auto bytes = save_om(package);
  REQUIRE(bytes);
  auto loaded = load_package(std::make_shared<const std::vector<std::byte>>(std::move(*bytes)));
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
  return std::move(*loaded);
}

}  // namespace

TEST_CASE("each gear gives the bits of the model compiled for its shapes, in any order and from a file") {
  for (const char* soc : {"Ascend310", "Ascend910B3"})
    for (const Case& c : cases()) {
      const ModelPackage package = through_file(compiled(c, soc));
      CHECK(package.dynamic == c.dynamic);
      REQUIRE(package.gears.size() == c.gears.size());
      auto session = GearSession::create(package, 2);
      REQUIRE(session);
      // Twice each, others in between: the second runs are those without tracking.
      for (const size_t gear : {0u, 1u, 0u, 1u, static_cast<unsigned>(c.gears.size() - 1), 0u, 1u}) {
        const Tensor input = picture(c.gears[gear].input_shapes.at("x"), static_cast<uint32_t>(gear + 1));
        const auto outputs = (*session)->run(std::span(&input, 1));
        REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
        check_same_bits(*outputs, alone(c.gears[gear].input_shapes, input, soc));
      }
    }
}

TEST_CASE("gears store the weights once and share the arena of the largest") {
  for (const Case& c : cases()) {
    const ModelPackage package = compiled(c);
    int64_t largest = 0;
    size_t separate = 0, most = 0;
    for (size_t i = 0; i < c.gears.size(); ++i) {
      CHECK(package.gears[i].program->weights == package.first().weights);
      CHECK(package.gears[i].values == c.gears[i].values);
      auto model = compile(small_net(), options_for(c.gears[i].input_shapes, "Ascend310"));
      REQUIRE(model);
      CHECK(package.gears[i].program->arena_bytes == model->arena_bytes);
      largest = std::max(largest, model->arena_bytes);
      separate += model->weights->size();
      most = std::max(most, model->weights->size());
    }
    CHECK(package.arena_bytes() == largest);
    CHECK(package.first().weights->size() >= most);
    // What pooling corrects at the border may differ from size to size, the filters may not.
    CHECK(package.first().weights->size() < most + most / 4);
    CHECK(package.first().weights->size() < separate);
  }
}

TEST_CASE("a size between gears is refused with the gears and the shapes given") {
  const auto session = GearSession::create(compiled(cases()[0]), 1);
  REQUIRE(session);
  const auto refused = [&](const Shape& shape) {
    const Tensor input = picture(shape, 1);
    const auto outputs = (*session)->run(std::span(&input, 1));
    REQUIRE(!outputs);
    return outputs.error().message();
  };
  CHECK(refused({3, 3, 16, 16}) == "InvalidArgument: net: has no gear for 'x' 3x3x16x16: its gears are batch 1, 2, 5 (the first takes 'x' 1x3x16x16)");
  CHECK(refused({2, 3, 16, 17}).find("has no gear for 'x' 2x3x16x17") != std::string::npos);
  CHECK((*session)->run({}).error().message() == "InvalidArgument: net: takes 1 inputs, 0 were given");
  const Tensor integers(DType::Int32, {2, 3, 16, 16});
  CHECK((*session)->run(std::span(&integers, 1)).error().message() == "InvalidArgument: input 'x': is int32 2x3x16x16, the model takes float32 2x3x16x16");
}

TEST_CASE("a gear is found by its values") {
  const ModelPackage package = compiled(cases()[1]);
  const int64_t known[] = {40, 24}, other[] = {24, 40};
  CHECK(find_gear_by_values(package, known) == 1);
  CHECK(find_gear_by_values(package, other).error().message() == "InvalidArgument: net: has no gear '24x40': its gears are image 16x16, 40x24, 64x64");
  const ModelPackage fixed = package_of(package.gears[0].program);
  CHECK(find_gear_by_values(fixed, known).error().what.find("was compiled for fixed shapes") != std::string::npos);
}

TEST_CASE("one gear is timed and replayed like a model of its own") {
  const Case c = cases()[0];
  const ModelPackage package = through_file(compiled(c));
  for (size_t i = 0; i < c.gears.size(); ++i) {
    auto model = compile(small_net(), options_for(c.gears[i].input_shapes, "Ascend310"));
    REQUIRE(model);
    const auto profile = profile_model(*package.gears[i].program, false), expected = profile_model(*model, false);
    REQUIRE((profile && expected));
    CHECK(profile->total_us == expected->total_us);
  }
  const Tensor input = picture(c.gears[1].input_shapes.at("x"), 3);
  auto replay = Replay::create(package.gears[1].program, std::span(&input, 1));
  REQUIRE(replay);
  REQUIRE((*replay)->run_to_end());
  check_same_bits(*(*replay)->outputs(), alone(c.gears[1].input_shapes, input, "Ascend310"));
}

TEST_CASE("a gear that cannot be compiled is named") {
  Case c = cases()[0];
  c.gears[1].input_shapes["x"] = {2, 4, 16, 16};
  const auto package = compile_gears(small_net(), options_for({}, "Ascend310"), c.dynamic, c.gears);
  REQUIRE(!package);
  CHECK(package.error().message() == "InvalidArgument: gear batch 2, --input_shape of 'x': dimension 1 is 4, the model fixes it to 3");
}

}  // namespace npu
