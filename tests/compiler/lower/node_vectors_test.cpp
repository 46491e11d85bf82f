// SPDX-License-Identifier: Apache-2.0
// The ONNX node vectors through the whole path: compiled with its floats kept, written as .om, read back and run. What a
// compiled model cannot hold (shapes that depend on data, sequences, strings, sub-graphs) is refused by name.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>

#include "compiler/compile.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"
#include "tests/test_paths.h"

namespace fs = std::filesystem;

namespace npu {
namespace {

// Reasons for which a vector is not compiled, as the message says them.
constexpr std::string_view kReasons[] = {
    "depends on data", "compiled models hold tensors only", "compiled models take tensors only", "cannot be compiled", "compiled models do not hold",
};

Result<std::vector<Tensor>> read_inputs(const Graph& graph, const fs::path& folder) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    std::ifstream file(folder / fmt::format("input_{}.pb", i), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    NPU_TRY(tensors.emplace_back(), load_tensor_proto(as_byte_view(bytes)));
  }
  return tensors;
}

Result<std::shared_ptr<const CompiledModel>> through_om(const Graph& graph) {
  CompileOptions options;
  options.passes.disabled.insert("assign-precision");
  NPU_TRY(const CompiledModel compiled, compile(graph, options));
  NPU_TRY(const auto file, save_om(compiled));
  NPU_TRY(CompiledModel model, load_om(std::make_shared<const std::vector<std::byte>>(file)));
  return std::make_shared<const CompiledModel>(std::move(model));
}

bool runs_on_cpu(const CompiledModel& model) {
  return std::ranges::all_of(model.tasks, [](const Task& task) { return task.engine == Engine::AiCpu; });
}

// What the AI core computes is exact where no result is a float.
bool gives_floats(const Graph& graph) {
  return std::ranges::any_of(graph.outputs, [&](ValueId id) { return is_float(graph.value(id).type.dtype); });
}

// Bit by bit, except that a fused Swish or Gelu rounds once less.
bool agree(const Tensor& got, const Tensor& want) {
  if (std::ranges::equal(got.bytes(), want.bytes())) return true;
  if (got.dtype() != DType::Float32 || got.shape() != want.shape()) return false;
  const auto a = got.data<float>(), b = want.data<float>();
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= 4e-7f * std::abs(b[i]))) return false;
  return true;
}

}  // namespace

TEST_CASE("ONNX node vectors run as tasks of compiled models") {
  const auto data = test::shared_data();
  if (!data || !fs::is_directory(*data / "onnx_node")) {
    MESSAGE("skipped: no vectors");
    return;
  }
  size_t ran = 0, on_core = 0, folded = 0;
  std::map<std::string_view, int> refused;
  for (const auto& entry : fs::directory_iterator(*data / "onnx_node")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const auto graph = load_onnx_file((entry.path() / "model.onnx").string());
    if (!graph) continue;
    const auto model = through_om(*graph);
    if (!model) {
      const std::string message = model.error().message();
      const auto* reason = std::ranges::find_if(kReasons, [&](std::string_view text) { return message.find(text) != std::string::npos; });
      CHECK_MESSAGE(reason != std::end(kReasons), message);
      if (reason != std::end(kReasons)) ++refused[*reason];
      continue;
    }
    if ((*model)->tasks.empty()) ++folded;
    if (!runs_on_cpu(**model) && gives_floats(*graph)) {
      ++on_core;  // compared by the tests of the families, within their tolerances
      continue;
    }
    const auto inputs = read_inputs(*graph, entry.path() / "test_data_set_0");
    REQUIRE_MESSAGE(inputs, inputs.error().message());
    const auto want = run_reference(*graph, *inputs);
    if (!want) continue;  // an error of the values, which the vectors' own test judges
    auto session = Session::create(*model, 1);
    REQUIRE_MESSAGE(session, session.error().message());
    const auto got = (*session)->run(*inputs);
    REQUIRE_MESSAGE(got, got.error().message());
    for (size_t i = 0; i < got->size(); ++i) CHECK(agree((*got)[i], (*want)[i]));
    ++ran;
  }
  std::string reasons;
  for (const auto& [reason, count] : refused) reasons += fmt::format("; {}: {}", reason, count);
  MESSAGE(ran << " ran as on the reference (" << folded << " without a task), " << on_core << " have AI-core tasks and floats" << reasons);
  CHECK(ran >= 720);
}

}  // namespace npu
