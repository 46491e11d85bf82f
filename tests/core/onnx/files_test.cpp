// SPDX-License-Identifier: Apache-2.0
// The loader on real files: all of the shared models, damaged in every way.
#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"
#include "tests/test_paths.h"

using namespace npu;

namespace {

std::vector<std::filesystem::path> files_named(const std::string& folder, std::string_view ending) {
  std::vector<std::filesystem::path> found;
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return found;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*data / folder))
    if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
  return found;
}

// load -> print = save -> load -> print = print -> parse -> print
void check_round_trips(const Graph& graph) {
  const std::string text = print_graph(graph);
  const auto saved = save_onnx(graph);
  REQUIRE(saved);
  const auto again = load_onnx(*saved, nullptr);
  REQUIRE_MESSAGE(again, again.error().message());
  CHECK(print_graph(*again) == text);
  const auto parsed = parse_graph(text, &graph);
  REQUIRE_MESSAGE(parsed, parsed.error().message());
  CHECK(print_graph(*parsed) == text);
}

}  // namespace

TEST_CASE("real models load, save and print") {
  for (const auto& path : files_named("models", ".onnx")) {
    CAPTURE(path.string());
    const auto graph = load_onnx_file(path.string());
    REQUIRE_MESSAGE(graph, graph.error().message());
    check_round_trips(*graph);
  }
}

TEST_CASE("every operator model loads or is refused as unsupported") {
  int loaded = 0, refused = 0;
  for (const auto& path : files_named("onnx_node", "model.onnx")) {
    CAPTURE(path.string());
    const auto graph = load_onnx_file(path.string());
    if (graph) {
      check_round_trips(*graph);
      ++loaded;
    } else {
      CHECK_MESSAGE(graph.error().kind == ErrorKind::UnsupportedModel, graph.error().message());
      ++refused;
    }
  }
  if (loaded + refused) CHECK(loaded > 5 * refused);
  MESSAGE(loaded, " loaded, ", refused, " refused");
}

TEST_CASE("every tensor of the operator vectors loads or is refused") {
  int loaded = 0;
  for (const auto& path : files_named("onnx_node", ".pb")) {
    CAPTURE(path.string());
    const auto tensor = load_tensor_proto(*read_file(path.string()).value());
    loaded += tensor.has_value();
    // Sequences and optionals are other messages.
    const bool is_tensor =
        path.string().find("sequence") == std::string::npos && path.string().find("optional") == std::string::npos &&
        path.string().find("loop16") == std::string::npos && path.string().find("if_") == std::string::npos;
    if (!tensor && is_tensor)
      CHECK_MESSAGE(tensor.error().kind == ErrorKind::UnsupportedModel, tensor.error().message());
  }
  if (test::shared_data()) CHECK(loaded > 1000);
}

// Small ones with many kinds of nodes: a classifier, two functions written out, sub-graphs, sequences.
constexpr const char* kTruncated[] = {"models/mnist-8.onnx", "onnx_node/test_affine_grid_2d_expanded/model.onnx",
                                      "onnx_node/test_attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal_expanded/model.onnx",
                                      "onnx_node/test_loop16_seq_none/model.onnx", "onnx_node/test_sequence_map_add_1_sequence_1_tensor_expanded/model.onnx"};

TEST_CASE("every truncation of five models is an error or the whole graph") {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  for (const char* name : kTruncated) {
    CAPTURE(name);
    const auto read = read_file((*data / name).string());
    REQUIRE(read);
    const SharedBytes& whole = *read;
    const std::string text = print_graph(load_onnx(*whole, whole).value());
    size_t accepted = 0;
    for (size_t length = 0; length < whole->size(); ++length) {
      // A copy of just this length, so that a sanitizer sees a read past it.
      const std::vector<std::byte> part(whole->begin(), whole->begin() + static_cast<ptrdiff_t>(length));
      const auto graph = load_onnx(part, nullptr);
      if (!graph) continue;
      ++accepted;
      CHECK(print_graph(*graph) == text);
    }
    CHECK(accepted <= 2);
  }
}

TEST_CASE("damaged models and tensors never crash") {
  for (const auto& path : files_named("models", "mnist-8.onnx")) {
    const SharedBytes seed = read_file(path.string()).value();
    for (uint64_t i = 0; i < 2000; ++i) fuzz::onnx(fuzz::Mutator(i)(*seed));
  }
  for (const auto& path : files_named("onnx_node", "model.onnx")) {
    if (path.string().find("expanded") != std::string::npos) continue;
    const SharedBytes seed = read_file(path.string()).value();
    for (uint64_t i = 0; i < 8; ++i) fuzz::onnx(fuzz::Mutator(i)(*seed));
  }
  for (const auto& path : files_named("onnx_node/test_argmax_keepdims_random", ".pb")) {
    const SharedBytes seed = read_file(path.string()).value();
    for (uint64_t i = 0; i < 2000; ++i) fuzz::tensor_proto(fuzz::Mutator(i)(*seed));
  }
}
