// SPDX-License-Identifier: Apache-2.0
// Weights in files beside the model: larger than 2 GB, cut off, somewhere else.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "tests/core/onnx/model_builder.h"

using namespace npu;
using namespace npu::test;

namespace {

namespace fs = std::filesystem;

// A folder with model.onnx: y = row `index` of the external float32 tensor w[rows, 4].
class ModelFolder {
 public:
  ModelFolder(int64_t rows, int64_t index, const std::string& location, uint64_t offset)
      : folder_(fs::temp_directory_path() / fmt::format("npu_external_{}", static_cast<const void*>(this))) {
    fs::create_directories(folder_ / "home");
    const auto entry = [](const std::string& key, const std::string& value) {
      return message([&](pbf_writer& w) { w.add_string(1, key), w.add_string(2, value); });
    };
    const std::string weights = message([&](pbf_writer& w) {
      w.add_int64(1, rows), w.add_int64(1, 4);
      w.add_int32(2, 1);
      w.add_string(8, "w");
      w.add_message(13, entry("location", location));
      w.add_message(13, entry("offset", fmt::format("{}", offset)));
      w.add_message(13, entry("length", fmt::format("{}", rows * 16)));
      w.add_int32(14, 1);
    });
    const std::string row = message([&](pbf_writer& w) {
      w.add_int64(1, 1);
      w.add_int32(2, 7);
      const int64_t values[] = {index};
      w.add_packed_int64(7, values, values + 1);
      w.add_string(8, "i");
    });
    const std::string bytes = model({.nodes = {node({"Gather", {"w", "i"}, {"y"}})}, .initializers = {weights, row}, .outputs = {value_info("y", 1, {1, 4})}});
    REQUIRE(write_file(path("model.onnx"), as_byte_view(bytes)));
  }
  ~ModelFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // `size` bytes without blocks on the disk, floats at the end.
  void add_data(const std::string& name, uint64_t size, const std::vector<float>& last) const {
    { std::ofstream(path(name), std::ios::binary); }
    fs::resize_file(path(name), size);
    std::fstream file(path(name), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(size - last.size() * 4));
    file.write(reinterpret_cast<const char*>(last.data()), static_cast<std::streamsize>(last.size() * 4));
  }

  std::string path(const std::string& name) const { return (folder_ / "home" / name).string(); }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

std::string load_error(const ModelFolder& folder) {
  const auto graph = load_onnx_file(folder.path("model.onnx"));
  REQUIRE(!graph);
  return graph.error().message();
}

}  // namespace

TEST_CASE("weights of more than 2 GB in a file beside the model") {
  constexpr int64_t kRows = (int64_t{5} << 29) / 16;  // 2.5 GiB
  const ModelFolder folder(kRows, kRows - 1, "w.bin", 4096);
  folder.add_data("w.bin", 4096 + static_cast<uint64_t>(kRows) * 16, {1.5f, -2.0f, 3.25f, 1e30f});
  if (sizeof(size_t) == 4) {
    CHECK(load_error(folder).find("has 2560 MB, which do not fit this program's memory") != std::string::npos);
    return;
  }
  const auto graph = load_onnx_file(folder.path("model.onnx"));
  REQUIRE_MESSAGE(graph, graph.error().message());
  const Tensor& weights = *graph->value(graph->find_value("w")).constant;
  CHECK(weights.byte_size() == static_cast<size_t>(kRows) * 16);
  CHECK(weights.data<float>()[0] == 0.0f);
  const auto outputs = run_reference(*graph, {});
  REQUIRE_MESSAGE(outputs, outputs.error().message());
  const auto row = (*outputs)[0].data<float>();
  CHECK(std::vector<float>(row.begin(), row.end()) == std::vector<float>{1.5f, -2.0f, 3.25f, 1e30f});
}

TEST_CASE("external data that is cut off, missing or somewhere else is refused") {
  SUBCASE("cut off") {
    const ModelFolder folder(8, 0, "w.bin", 4096);
    folder.add_data("w.bin", 4096 + 8 * 16 - 1, {});
    CHECK(load_error(folder).find("external data [4096, +128) is outside 'w.bin' of 4223 bytes") != std::string::npos);
  }
  SUBCASE("an offset that wraps around") {
    const ModelFolder folder(8, 0, "w.bin", UINT64_MAX - 63);
    folder.add_data("w.bin", 4096, {});
    CHECK(load_error(folder).find("is outside 'w.bin' of 4096 bytes") != std::string::npos);
  }
  SUBCASE("missing") { CHECK(load_error(ModelFolder(8, 0, "w.bin", 0)).find("cannot be opened: No such file") != std::string::npos); }
  SUBCASE("empty") {
    const ModelFolder folder(8, 0, "w.bin", 0);
    folder.add_data("w.bin", 0, {});
    CHECK(load_error(folder).find("is outside 'w.bin' of 0 bytes") != std::string::npos);
  }
  SUBCASE("above the model") {
    const ModelFolder folder(8, 0, "../w.bin", 0);
    folder.add_data("../w.bin", 128, {});
    CHECK(load_error(folder).find("'../w.bin' is not a file beside the model") != std::string::npos);
  }
  SUBCASE("a link that leads out of the folder") {
    const ModelFolder folder(8, 0, "w.bin", 0);
    folder.add_data("../secret.bin", 128, {});
    fs::create_symlink(folder.folder() / "secret.bin", folder.path("w.bin"));
    CHECK(load_error(folder).find("leads out of the model's folder") != std::string::npos);
  }
  SUBCASE("a folder below, and a link inside, are beside the model") {
    const ModelFolder folder(8, 7, "data/w.bin", 0);
    fs::create_directories(folder.folder() / "home" / "data");
    folder.add_data("real.bin", 128, {1.0f, 2.0f, 3.0f, 4.0f});
    fs::create_symlink(folder.path("real.bin"), folder.path("data/w.bin"));
    const auto graph = load_onnx_file(folder.path("model.onnx"));
    REQUIRE_MESSAGE(graph, graph.error().message());
    CHECK((*run_reference(*graph, {}))[0].data<float>()[3] == 4.0f);
  }
}
