// SPDX-License-Identifier: Apache-2.0
// Whichever passes are off, the chip computes what the model means: the trained samples and the shared models, each pass
// off alone and random subsets of them, against the reference in float32.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <random>

#include "compiler/compile.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

struct Case {
  std::string file;
  Shape shape;
};

double cosine(const Tensor& a, const Tensor& b) {
  const auto x = a.to_doubles(), y = b.to_doubles();
  REQUIRE(x.size() == y.size());
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) xy += x[i] * y[i], xx += x[i] * x[i], yy += y[i] * y[i];
  return xy / std::sqrt(xx * yy);
}

using Names = std::set<std::string, std::less<>>;

std::vector<Names> subsets() {
  std::vector<std::string> optional;
  for (const Pass& pass : all_passes())
    if (pass.optional) optional.emplace_back(pass.name);
  std::vector<Names> sets{Names(optional.begin(), optional.end())};
  for (const std::string& name : optional) sets.push_back({name});
  std::mt19937 coin(1);
  for (int i = 0; i < 6; ++i) {
    Names set;
    for (const std::string& name : optional)
      if (coin() % 2) set.insert(name);
    sets.push_back(std::move(set));
  }
  return sets;
}

void check_subsets(const std::filesystem::path& file, const Shape& shape) {
  auto graph = load_onnx_file(file.string());
  REQUIRE_MESSAGE(graph, file.string());
  Tensor input(DType::Float32, shape);
  std::mt19937 random(7);
  for (float& v : input.mutable_data<float>()) v = static_cast<float>(random() % 2001) / 1000 - 1;
  const auto expected = run_reference(*graph, {&input, 1});
  REQUIRE_MESSAGE(expected, (expected ? "" : expected.error().message()));
  for (const Names& off : subsets()) {
    CAPTURE(file.string());
    CAPTURE(fmt::format("{}", fmt::join(off, ",")));
    CompileOptions options{.passes = {.disabled = off, .input_shapes = {{graph->value(graph->inputs[0]).name, shape}}}};
    auto model = compile(*graph, options);
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
    REQUIRE(session);
    const auto actual = (*session)->run({&input, 1});
    REQUIRE_MESSAGE(actual, (actual ? "" : actual.error().message()));
    for (size_t i = 0; i < expected->size(); ++i) CHECK(cosine((*expected)[i], (*actual)[i]) > 0.999);
  }
}

}  // namespace

TEST_CASE("the trained samples mean the same without any subset of passes") {
  const auto samples = test::source_dir() / "samples";
  check_subsets(samples / "digits/digits.onnx", {2, 1, 28, 28});
  check_subsets(samples / "defects/defects.onnx", {2, 3, 96, 96});
}

TEST_CASE("shared models mean the same without any subset of passes") {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  check_subsets(*data / "models/mnist-8.onnx", {1, 1, 28, 28});
  check_subsets(*data / "models/ultraface-rfb-320.onnx", {1, 3, 240, 320});
  check_subsets(*data / "models/super-resolution.onnx", {1, 1, 224, 224});
}

}  // namespace npu
