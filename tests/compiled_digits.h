// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <doctest/doctest.h>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "tests/test_paths.h"

namespace npu::test {

// The sample of handwritten digits, for one image.
inline std::shared_ptr<const CompiledModel> compiled_digits(const char* soc) {
  const auto file = read_file((source_dir() / "samples/digits/digits.onnx").string());
  REQUIRE(file);
  auto graph = load_onnx(**file, *file);
  REQUIRE(graph);
  CompileOptions options;
  options.soc = soc;
  options.passes.input_shapes[graph->value(graph->inputs[0]).name] = {1, 1, 28, 28};
  auto model = compile(std::move(*graph), options);
  if (!model) FAIL(model.error().message());
  return std::make_shared<const CompiledModel>(std::move(*model));
}

}  // namespace npu::test
