// SPDX-License-Identifier: Apache-2.0
// The ONNX project's node vectors for our operators: load, infer, run the reference, compare.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "tests/test_paths.h"

namespace fs = std::filesystem;
using namespace npu;

namespace {

// Vectors of our operators that do not pass, each with its reason. One that passes must leave the list.
struct Exclusion {
  std::string_view name;
  std::string_view reason;
};
constexpr Exclusion kExclusions[] = {
    {"test_resize_downsample_scales_cubic_align_corners", "wants the fractional output size; PyTorch and ONNX Runtime use the integer one, and so do we"},
    {"test_resize_downsample_scales_linear_align_corners", "wants the fractional output size; PyTorch and ONNX Runtime use the integer one, and so do we"},
    {"test_training_dropout_default", "random values of NumPy's generator"},
    {"test_training_dropout_default_mask", "random values of NumPy's generator"},
    {"test_training_dropout_mask", "random values of NumPy's generator"},
};

// Why a vector may be refused by the loader, as its message says it.
constexpr std::string_view kUnloadable[] = {
    "has element type",   // strings, float8, float4, 2- and 4-bit integers
    "is a sequence", "is an optional", "is a sub-graph",
    "operator domain",    // ai.onnx.ml and previews
    "is of opset 1;",     // training examples of the first version
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<std::vector<Tensor>> read_tensors(const fs::path& folder, std::string_view prefix, size_t count) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < count; ++i) {
    const std::string bytes = read_file(folder / fmt::format("{}_{}.pb", prefix, i));
    // A missing file is an input left out; an empty one an error of the decoder's.
    NPU_TRY(tensors.emplace_back(), load_tensor_proto(as_byte_view(bytes)));
  }
  return tensors;
}

// The tolerances of ONNX's own test runner; integers must be equal.
bool is_close(double actual, double expected) {
  if (std::isnan(expected) || std::isinf(expected)) return std::isnan(expected) ? std::isnan(actual) : actual == expected;
  return std::abs(actual - expected) <= 1e-7 + 1e-3 * std::abs(expected);
}

std::string difference(const Tensor& actual, const Tensor& expected) {
  const auto type = [](const Tensor& t) { return to_string(TensorType::of(t.dtype(), t.shape())); };
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape())
    return fmt::format("is {}, expected {}", type(actual), type(expected));
  if (!is_float(actual.dtype())) return std::ranges::equal(actual.bytes(), expected.bytes()) ? "" : "integer values differ";
  const auto a = actual.to_doubles();
  const auto e = expected.to_doubles();
  for (size_t i = 0; i < a.size(); ++i)
    if (!is_close(a[i], e[i])) return fmt::format("element {} is {}, expected {}", i, a[i], e[i]);
  return "";
}

// What inference says must hold for the tensor, as far as it says something.
std::string type_difference(const TensorType& type, const Tensor& tensor) {
  bool fits = type.dtype == tensor.dtype() && (!type.has_rank || type.dims.size() == tensor.shape().size());
  for (size_t i = 0; fits && type.has_rank && i < type.dims.size(); ++i)
    fits = !type.dims[i].known() || type.dims[i].value() == tensor.shape()[i];
  if (fits) return "";
  return fmt::format("inferred {}, expected {}", to_string(type), to_string(TensorType::of(tensor.dtype(), tensor.shape())));
}

// "" when the vector passes.
std::string run_vector(Graph graph, const fs::path& folder) {
  const auto inputs = read_tensors(folder, "input", graph.inputs.size());
  if (!inputs) return inputs.error().message();
  const auto expected = read_tensors(folder, "output", graph.outputs.size());
  if (!expected) return expected.error().message();
  // The types the model declares must not hide what inference misses.
  for (NodeId id : graph.order())
    for (ValueId output : graph.node(id).outputs)
      if (output != kNone) graph.value(output).type = {};
  if (const auto inferred = infer_shapes(graph); !inferred) return inferred.error().message();
  const auto outputs = run_reference(graph, *inputs);
  if (!outputs) return outputs.error().message();
  for (size_t i = 0; i < outputs->size(); ++i) {
    if (const auto text = type_difference(graph.value(graph.outputs[i]).type, (*expected)[i]); !text.empty()) return text;
    if (const auto text = difference((*outputs)[i], (*expected)[i]); !text.empty()) return fmt::format("output {} {}", i, text);
  }
  return "";
}

bool has_only_our_operators(const Graph& graph) {
  return std::ranges::all_of(graph.order(), [&](NodeId id) { return find_op(graph.node(id).op) != nullptr; });
}

}  // namespace

TEST_CASE("ONNX node vectors") {
  const auto data = npu::test::shared_data();
  if (!data || !fs::is_directory(*data / "onnx_node")) {
    MESSAGE("skipped: no vectors");
    return;
  }
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(*data / "onnx_node"))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);

  size_t passed = 0, excluded = 0, foreign = 0;
  std::map<std::string_view, int> unloadable;
  std::set<std::string> covered;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    const auto graph = load_onnx_file((folder / "model.onnx").string());
    if (!graph) {
      const std::string message = graph.error().message();
      const auto* reason = std::ranges::find_if(kUnloadable, [&](std::string_view text) { return message.find(text) != std::string::npos; });
      CHECK_MESSAGE(reason != std::end(kUnloadable), name << ": " << message);
      if (reason != std::end(kUnloadable)) ++unloadable[*reason];
      continue;
    }
    if (!has_only_our_operators(*graph)) {
      ++foreign;
      continue;
    }
    const std::string problem = run_vector(*graph, folder / "test_data_set_0");
    const bool listed = std::ranges::find(kExclusions, std::string_view(name), &Exclusion::name) != std::end(kExclusions);
    CAPTURE(name);
    CAPTURE(problem);
    if (listed) {
      CHECK_MESSAGE(!problem.empty(), "an excluded vector passes");
    } else {
      CHECK(problem == "");
    }
    excluded += listed;
    passed += problem.empty();
    if (problem.empty())
      for (NodeId id : graph->order()) covered.insert(graph->node(id).op);
  }
  std::string refused;
  for (const auto& [reason, count] : unloadable) refused += fmt::format("; {}: {}", reason, count);
  MESSAGE(passed << " passed, " << excluded << " excluded, " << foreign << " use other operators, "
                 << covered.size() << " operators covered; refused by the loader" << refused);
  CHECK(excluded == std::size(kExclusions));
  CHECK(passed >= 379);
}
