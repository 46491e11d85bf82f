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

// Vectors that do not pass, each with its reason. One that passes must leave the list.
struct Exclusion {
  std::string_view name;
  std::string_view reason;
};
constexpr Exclusion kExclusions[] = {
    {"test_bernoulli_double", "random values of NumPy's generator"},
    {"test_bernoulli_double_expanded", "random values of NumPy's generator"},
    {"test_dft_inverse_opset19", "wants the rounding noise of NumPy's single-precision transform (2e-7 where the exact value is 0)"},
    {"test_image_decoder_decode_jpeg_grayscale", "JPEG leaves rounding to the decoder: ours differs from libjpeg by at most 2 in 5 % of the samples"},
    {"test_image_decoder_decode_jpeg_rgb", "JPEG leaves rounding to the decoder: ours differs from libjpeg by at most 2 in 5 % of the samples"},
    {"test_image_decoder_decode_webp_rgb", "there is no WebP decoder"},
};

// So many of the shared vectors passed when this was last changed.
constexpr size_t kRecorded = 863;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The values of these graph inputs or outputs.
Result<std::vector<Datum>> read_values(const Graph& graph, const std::vector<ValueId>& ids, const fs::path& folder, std::string_view prefix) {
  std::vector<Datum> values;
  for (size_t i = 0; i < ids.size(); ++i) {
    const fs::path path = folder / fmt::format("{}_{}.pb", prefix, i);
    const TensorType& type = graph.value(ids[i]).type;
    if (!fs::exists(path) && (type.kind == ValueKind::OptionalTensor || type.kind == ValueKind::OptionalSequence)) {
      values.push_back(Datum::empty_optional(type.dtype, type.kind == ValueKind::OptionalSequence));
      continue;
    }
    const std::string bytes = read_file(path);
    NPU_TRY(values.emplace_back(), load_datum_proto(as_byte_view(bytes), type));
  }
  return values;
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
  if (is_string(actual.dtype())) return actual.strings() == expected.strings() ? "" : "strings differ";
  if (!is_float(actual.dtype())) return std::ranges::equal(actual.bytes(), expected.bytes()) ? "" : "integer values differ";
  const auto a = actual.to_doubles();
  const auto e = expected.to_doubles();
  for (size_t i = 0; i < a.size(); ++i)
    if (!is_close(a[i], e[i])) return fmt::format("element {} is {}, expected {}", i, a[i], e[i]);
  return "";
}

std::string difference(const Datum& actual, const Datum& expected) {
  if (actual.is_tensor() && expected.is_tensor()) return difference(actual.tensor(), expected.tensor());
  if (actual.is_empty_optional() && expected.is_empty_optional()) return "";
  if (!actual.is_sequence() || !expected.is_sequence()) return "is of another kind";
  if (actual.items().size() != expected.items().size())
    return fmt::format("has {} items, expected {}", actual.items().size(), expected.items().size());
  for (size_t i = 0; i < actual.items().size(); ++i)
    if (const auto text = difference(actual.items()[i], expected.items()[i]); !text.empty()) return fmt::format("item {} {}", i, text);
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
  const auto inputs = read_values(graph, graph.inputs, folder, "input");
  if (!inputs) return inputs.error().message();
  const auto expected = read_values(graph, graph.outputs, folder, "output");
  if (!expected) return expected.error().message();
  // The types the model declares must not hide what inference misses.
  for (NodeId id : graph.order())
    for (ValueId output : graph.node(id).outputs)
      if (output != kNone) graph.value(output).type = {};
  if (const auto inferred = infer_shapes(graph); !inferred) return inferred.error().message();
  if (const auto verified = verify(graph); !verified) return verified.error().message();
  const auto outputs = run_graph(graph, *inputs);
  if (!outputs) return outputs.error().message();
  for (size_t i = 0; i < outputs->size(); ++i) {
    const Datum& wanted = (*expected)[i];
    if (wanted.is_tensor())
      if (const auto text = type_difference(graph.value(graph.outputs[i]).type, wanted.tensor()); !text.empty()) return text;
    if (const auto text = difference((*outputs)[i], wanted); !text.empty()) return fmt::format("output {} {}", i, text);
  }
  return "";
}

void collect_operators(const Graph& graph, std::set<std::string>& operators) {
  for (NodeId id : graph.order()) {
    operators.insert(graph.node(id).op);
    for (const auto& [key, attr] : graph.node(id).attrs)
      if (const auto* body = std::get_if<Subgraph>(&attr)) collect_operators(**body, operators);
  }
}

// What became of the vectors that use an operator.
struct Record {
  int passed = 0;
  std::vector<std::string> failed;
};

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

  size_t passed = 0, excluded = 0;
  std::map<std::string, Record> records;
  std::string failures;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    const auto graph = load_onnx_file((folder / "model.onnx").string());
    const std::string problem = graph ? run_vector(*graph, folder / "test_data_set_0") : graph.error().message();
    std::set<std::string> operators;
    if (graph) collect_operators(*graph, operators);
    else operators.insert("(not loaded)");
    for (const std::string& op : operators) {
      if (problem.empty()) ++records[op].passed;
      else records[op].failed.push_back(name);
    }
    passed += problem.empty();
    const auto* listed = std::ranges::find(kExclusions, std::string_view(name), &Exclusion::name);
    if (listed != std::end(kExclusions)) {
      ++excluded;
      CHECK_MESSAGE(!problem.empty(), "an excluded vector passes: " << name);
    } else if (!problem.empty()) {
      failures += fmt::format("\n{}: {}", name, problem);
    }
  }
  std::string table;
  for (const auto& [op, record] : records) {
    table += fmt::format("\n{} {}/{}", op, record.passed, static_cast<size_t>(record.passed) + record.failed.size());
    for (const std::string& name : record.failed) table += " " + name;
  }
  MESSAGE("operators, vectors passed of all that use them, and those that fail:" << table);
  std::string unused;
  for (const OpDef* def : all_ops())
    if (!records.contains(std::string(def->name))) unused += " " + std::string(def->name);
  MESSAGE("operators without a vector:" << unused);
  MESSAGE(passed << " of " << folders.size() << " passed (" << fmt::format("{:.2f}", 100.0 * static_cast<double>(passed) / static_cast<double>(folders.size()))
                 << " %), " << excluded << " excluded with a reason");
  CHECK_MESSAGE(failures == "", "vectors that fail:" << failures);
  CHECK(passed >= kRecorded);
}
