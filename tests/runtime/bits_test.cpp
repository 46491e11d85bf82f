// SPDX-License-Identifier: Apache-2.0
// The same model and input give the same bits on every target and with any number of threads: the fingerprints in
// tests/golden/bits are checked natively, under Node and in Chromium (tests/browser/bits_test.mjs).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "runtime/session/session.h"
#include "samples/zoo/zoo.h"
#include "tests/golden.h"

namespace npu {
namespace {

Graph open_model(const std::string& name) {
  if (const ZooModel* model = find_zoo_model(name)) return model->build(kZooSeed);
  const auto file = read_file((test::source_dir() / "samples" / name / (name + ".onnx")).string());
  REQUIRE(file);
  auto graph = load_onnx(**file, *file);
  REQUIRE(graph);
  return std::move(*graph);
}

// Between -1 and 1: also what tests/browser/bits_test.mjs feeds.
Tensor pattern(const TensorDesc& desc) {
  Tensor tensor(DType::Float32, desc.shape);
  uint32_t state = 1;
  for (float& value : tensor.mutable_data<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return tensor;
}

std::string fnv1a(Bytes bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (std::byte byte : bytes) hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

std::string fingerprint(const CompiledModel& model, int threads) {
  auto session = Session::create(std::make_shared<const CompiledModel>(model), threads);
  REQUIRE(session);
  const Tensor input = pattern(model.inputs[0]);
  const auto outputs = (*session)->run(std::span(&input, 1));
  if (!outputs) FAIL(outputs.error().message());
  return fnv1a((*outputs)[0].bytes());
}

}  // namespace

TEST_CASE("the bits of a result depend on the model and the input only") {
  for (const test::Golden& golden : test::golden_files("bits")) {
    std::istringstream line(golden.input);
    std::string name;
    Shape shape(4);
    char by;
    line >> name >> shape[0] >> by >> shape[1] >> by >> shape[2] >> by >> shape[3];
    CAPTURE(name);
    CompileOptions options;
    options.passes.input_shapes["actual_input"] = shape;
    const auto model = compile(open_model(name), options);
    if (!model) FAIL(model.error().message());
    const std::string one = fingerprint(*model, 1);
    CHECK(one == fingerprint(*model, 2));
    test::check_golden(golden, one + "\n");
  }
}

}  // namespace npu
