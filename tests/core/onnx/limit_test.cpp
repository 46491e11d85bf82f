// SPDX-License-Identifier: Apache-2.0
// OnnxLoadOptions::max_bytes: what tensors take in memory, whatever the file says they take there.
#include <doctest/doctest.h>

#include "core/onnx/onnx.h"
#include "tests/core/onnx/model_builder.h"

using namespace npu;
using namespace npu::test;

namespace {

constexpr int kFloat = 1, kInt4 = 22;

std::string tensor(const std::string& name, int type, const std::vector<int64_t>& dims, const std::string& raw) {
  return message([&](pbf_writer& w) {
    for (const int64_t d : dims) w.add_int64(1, d);
    w.add_int32(2, type);
    w.add_string(8, name);
    if (!raw.empty()) w.add_bytes(9, raw.data(), raw.size());
  });
}

std::string external_tensor(const std::string& name, int64_t floats) {
  const std::string entry = message([](pbf_writer& w) { w.add_string(1, "location"), w.add_string(2, "data"); });
  return message([&](pbf_writer& w) {
    w.add_int64(1, floats);
    w.add_int32(2, kFloat);
    w.add_string(8, name);
    w.add_message(13, entry);
    w.add_int32(14, 1);
  });
}

Result<Graph> load(const std::vector<std::string>& initializers, uint64_t max_bytes, uint64_t external_bytes = 0) {
  ModelSpec spec{.initializers = initializers};
  spec.nodes = {node({"Identity", {"w0"}, {"y"}})};
  spec.outputs = {value_info("y", kFloat, {})};
  const std::string bytes = model(spec);
  const auto data = std::make_shared<const std::vector<std::byte>>(external_bytes);
  OnnxLoadOptions options;
  options.max_bytes = max_bytes;
  options.external = [data](const std::string&) -> Result<OwnedBytes> { return OwnedBytes{*data, data}; };
  return load_onnx(as_byte_view(bytes), nullptr, options);
}

std::string refusal(const Result<Graph>& graph) {
  REQUIRE(!graph);
  return graph.error().message();
}

}  // namespace

TEST_CASE("a tensor that claims a terabyte is refused before anything is allocated") {
  const std::vector<std::string> claims{tensor("w0", kFloat, {1 << 20, 1 << 18}, "")};
  CHECK(refusal(load(claims, 1 << 30)) == "CompileLimit: 'model' initializer 0 'w0': takes 1099511627776 bytes beside the 0 of the tensors before it, the limit is 1073741824");
  CHECK(refusal(load(claims, UINT64_MAX)).starts_with("InvalidModel: "));
}

TEST_CASE("the limit is of all tensors together: just below and just above it") {
  std::vector<std::string> weights;
  for (int i = 0; i < 5; ++i) weights.push_back(tensor("w" + std::to_string(i), kFloat, {100}, std::string(400, '\0')));
  CHECK(load(weights, 2000));
  CHECK(refusal(load(weights, 1999)) == "CompileLimit: 'model' initializer 4 'w4': takes 400 bytes beside the 1600 of the tensors before it, the limit is 1999");
}

TEST_CASE("4-bit elements count as the bytes they are unpacked to") {
  const std::vector<std::string> packed{tensor("w0", kInt4, {1000}, std::string(500, '\x21'))};
  CHECK(load(packed, 1000));
  CHECK(refusal(load(packed, 999)).find("takes 1000 bytes") != std::string::npos);
}

TEST_CASE("tensors that all view the same external bytes count each") {
  std::vector<std::string> weights;
  for (int i = 0; i < 64; ++i) weights.push_back(external_tensor("w" + std::to_string(i), 1 << 18));
  CHECK(load(weights, 64 << 20, 1 << 20));
  CHECK(refusal(load(weights, 32 << 20, 1 << 20)).find("initializer 32 'w32'") != std::string::npos);
}
