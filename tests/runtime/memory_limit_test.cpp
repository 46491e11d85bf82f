// SPDX-License-Identifier: Apache-2.0
// Limits that a caller sets: what takes a byte more is refused with both values, what takes as much runs as without a limit.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "compiler/open_model.h"
#include "runtime/session/gear_session.h"
#include "runtime/session/open_session.h"
#include "tests/runtime/small_net.h"

namespace npu {
namespace {

using namespace test;

constexpr const char* kSoc = "Ascend310";
const Shapes kShapes{{"x", {2, 3, 40, 24}}};

Graph parsed(std::string_view text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  return std::move(*graph);
}

Result<CompiledModel> compiled(Graph graph, const Shapes& shapes, int64_t max_bytes) {
  CompileOptions options = options_for(shapes, kSoc);
  options.max_bytes = max_bytes;
  return compile(std::move(graph), options);
}

int64_t bytes_of(const CompiledModel& model) { return static_cast<int64_t>(model.weights->size()) + model.arena_bytes; }

template <class T>
std::string refusal(const Result<T>& result) {
  REQUIRE(!result);
  return result.error().message();
}

// More bytes than WebAssembly has addresses are refused before a limit is looked at.
void check_refused(const std::string& text, std::string_view graph) {
  CAPTURE(text);
  if constexpr (sizeof(void*) == 4) {
    CHECK(text.ends_with("is larger than the memory"));
  } else {
    CHECK(text.starts_with(fmt::format("CompileLimit: {}: ", graph)));
    CHECK(text.ends_with("do not fit the limit of 67108864 bytes"));
  }
}

}  // namespace

TEST_CASE("a model compiles within exactly what it takes, and not within a byte less") {
  const auto free = compiled(small_net(), kShapes, INT64_MAX);
  REQUIRE(free);
  const int64_t total = bytes_of(*free);
  const auto exact = compiled(small_net(), kShapes, total);
  REQUIRE_MESSAGE(exact, (exact ? "" : exact.error().message()));
  CHECK(bytes_of(*exact) == total);
  CHECK(*exact->weights == *free->weights);
  CHECK(refusal(compiled(small_net(), kShapes, total - 1)) ==
        fmt::format("CompileLimit: net: {} bytes of weights and {} of activations do not fit the limit of {} bytes", free->weights->size(), free->arena_bytes, total - 1));
}

TEST_CASE("gears count together: all weights and the largest arena") {
  const std::vector<GearShapes> gears{{{1}, {{"x", {1, 3, 16, 16}}}}, {{4}, {{"x", {4, 3, 16, 16}}}}};
  const auto package = [&](int64_t max_bytes) {
    CompileOptions options = options_for({}, kSoc);
    options.max_bytes = max_bytes;
    return compile_gears(small_net(), options, Dynamic::Batch, gears);
  };
  const auto free = package(INT64_MAX);
  REQUIRE(free);
  const int64_t total = static_cast<int64_t>(free->first().weights->size()) + free->arena_bytes();
  CHECK(package(total));
  CHECK(refusal(package(total - 1)).find(fmt::format("the limit of {} bytes", total - 1)) != std::string::npos);
  CHECK(GearSession::create(*free, 1, {.max_bytes = total}));
  CHECK(refusal(GearSession::create(*free, 1, {.max_bytes = total - 1})).starts_with("CompileLimit: net: "));
}

TEST_CASE("a session within its limit answers as one without") {
  const auto model = std::make_shared<const CompiledModel>(std::move(*compiled(small_net(), kShapes, INT64_MAX)));
  const Tensor input = picture(kShapes.at("x"), 5);
  const auto session = Session::create(model, 1, {.max_bytes = bytes_of(*model)});
  REQUIRE(session);
  check_same_bits(*(*session)->run(std::span(&input, 1)), alone(kShapes, input, kSoc));
  CHECK(refusal(Session::create(model, 1, {.max_bytes = bytes_of(*model) - 1})) ==
        fmt::format("CompileLimit: net: {} bytes of weights and {} of activations do not fit the limit of {} bytes", model->weights->size(), model->arena_bytes, bytes_of(*model) - 1));
}

TEST_CASE("a program that claims a terabyte is refused by the chip's own memory") {
  CompiledModel model = *compiled(small_net(), kShapes, INT64_MAX);
  model.arena_bytes = int64_t{1} << 40;
  const std::string text = refusal(Session::create(std::make_shared<const CompiledModel>(model), 1));
  CHECK(text == fmt::format("CompileLimit: net: {} bytes of weights and 1099511627776 of activations do not fit the memory of Ascend310, 8589934592 bytes", model.weights->size()));
}

TEST_CASE("a few numbers that ask for a terabyte of constants or activations are refused") {
  const std::string text = refusal(compiled(parsed(R"(graph "large" opset 13
input %x : float32[1]
const %shape : int64[2] = [1048576, 262144]
%c = ConstantOfShape(%shape) "c"
%y = Add(%c, %x) "y"
output %y
)"),
                                            {}, 64 << 20));
  check_refused(text, "large");
}

TEST_CASE("constants that grow fourfold again and again are not folded beyond the limit") {
  std::string text = "graph \"growing\" opset 13\ninput %x : float32[1]\nconst %start : int64[2] = [512, 1024]\nconst %twice : int64[2] = [2, 2]\n%t0 = ConstantOfShape(%start)\n";
  for (int i = 0; i < 9; ++i) text += fmt::format("%t{} = Tile(%t{}, %twice)\n", i + 1, i);  // 2 MB << 18
  text += "%y = Add(%t9, %x)\noutput %y\n";
  const std::string refused = refusal(compiled(parsed(text), {}, 64 << 20));
  check_refused(refused, "growing");
}

TEST_CASE("an open session refuses a size beyond its limit and goes on with those within") {
  const std::vector<InputShape> open{{"x", {{}, {3, 3}, {}, {}}}};
  auto model = make_open_model(small_net(), open, {});
  REQUIRE(model);
  const auto shared = std::make_shared<const OpenModel>(std::move(*model));
  const auto batch = [](int64_t count) { return picture({count, 3, 16, 16}, static_cast<uint32_t>(count)); };
  const auto needed = bytes_of(*compiled(small_net(), {{"x", {4, 3, 16, 16}}}, INT64_MAX));
  OpenSessionOptions options;
  options.session.max_bytes = needed + 4096;  // the programs before it have weights of their own
  const auto session = OpenSession::create(shared, specialise_factory(), 1, options);
  REQUIRE(session);
  for (const int64_t count : {1, 32, 1, 4, 64, 4}) {
    const Tensor input = batch(count);
    const auto outputs = (*session)->run(std::span(&input, 1));
    if (count > 4) {
      CHECK(refusal(outputs).find(fmt::format("the limit of {} bytes", needed + 4096)) != std::string::npos);
    } else {
      REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
      check_same_bits(*outputs, alone({{"x", input.shape()}}, input, kSoc));
    }
  }
}

TEST_CASE("a size found in data is within the limit too") {
  auto model = make_open_model(parsed(R"(graph "grows" opset 13
input %n : int64[1]
%c = ConstantOfShape(%n) "c"
output %c
)"),
                               {}, {});
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  OpenSessionOptions options;
  options.session.max_bytes = 1 << 20;
  const auto session = OpenSession::create(std::make_shared<const OpenModel>(std::move(*model)), specialise_factory(), 1, options);
  REQUIRE(session);
  const auto run = [&](int64_t count) {
    const Tensor n = Tensor::from<int64_t>(DType::Int64, {1}, std::span<const int64_t>(&count, 1));
    return (*session)->run(std::span(&n, 1));
  };
  const int64_t most = (1 << 20) / 4 - 2;  // the input takes 8 bytes
  REQUIRE(run(most));
  CHECK((*run(most))[0].shape() == Shape{most});
  CHECK(refusal(run(most + 1)) == fmt::format("CompileLimit: ConstantOfShape 'c': the result float32[{}] takes more than the 1048568 bytes that are left", most + 1));
  CHECK(refusal(run(int64_t{1} << 38)).find("ConstantOfShape 'c'") != std::string::npos);
}

}  // namespace npu
