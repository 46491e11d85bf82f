// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/calibration_files.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <numeric>

#include "core/base/file.h"
#include "core/tensor/npy.h"
#include "tests/test_paths.h"

namespace npu::quantize {
namespace {

Tensor counting(Shape shape) {
  Tensor tensor(DType::Float32, std::move(shape));
  auto data = tensor.mutable_data<float>();
  std::iota(data.begin(), data.end(), 0.0f);
  return tensor;
}

class Folder {
 public:
  explicit Folder(const std::string& name) : path_(std::filesystem::temp_directory_path() / ("npu_calibration_" + name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string write(const std::string& name, Bytes bytes) const {
    REQUIRE(write_file((path_ / name).string(), bytes));
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

std::string error_of(const Result<std::vector<Tensor>>& result) { return result ? "no error" : result.error().message(); }
bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

TEST_CASE("calibration data: .npy and .bin by name, several batches in a file, open batches") {
  const Folder folder("good");
  const Tensor four = counting({4, 2, 3});
  folder.write("b.npy", save_npy(four));
  folder.write("a.bin", counting({2, 2, 3}).bytes());
  folder.write("ignored.txt", as_byte_view("x"));
  const BatchInput fixed{"x", DType::Float32, {2, 2, 3}}, open{"x", DType::Float32, {-1, 2, 3}};
  const auto batches = load_batches(folder.path(), fixed);
  REQUIRE_MESSAGE(batches, error_of(batches));
  REQUIRE(batches->size() == 3);
  CHECK((*batches)[0].data<float>()[0] == 0);
  CHECK((*batches)[1].data<float>()[0] == 0);
  CHECK((*batches)[2].data<float>()[0] == 12);
  for (const Tensor& batch : *batches) CHECK(batch.shape() == Shape{2, 2, 3});
  const auto whole = load_batches(folder.path() + "/b.npy", open);
  REQUIRE(whole);
  CHECK((*whole)[0].shape() == Shape{4, 2, 3});
  CHECK(load_batches(folder.write("one.npy", save_npy(counting({2, 3}))), open).value()[0].shape() == Shape{1, 2, 3});
}

TEST_CASE("calibration data that does not fit is refused with its sizes") {
  const Folder folder("bad");
  const BatchInput input{"x", DType::Float32, {2, 2, 3}};
  CHECK(says(error_of(load_batches(folder.path(), input)), "no .npy or .bin"));
  CHECK(!load_batches(folder.path() + "/none", input));
  CHECK(says(error_of(load_batches(folder.write("a.bin", counting({5}).bytes()), input)), "20 bytes"));
  CHECK(says(error_of(load_batches(folder.write("empty.bin", {}), input)), "0 bytes"));
  CHECK(says(error_of(load_batches(folder.write("odd.npy", save_npy(counting({3, 2, 3}))), input)), "batch 2"));
  CHECK(says(error_of(load_batches(folder.write("rank.npy", save_npy(counting({2, 3, 2}))), input)), "2x3x2"));
  CHECK(says(error_of(load_batches(folder.write("b.bin", counting({6}).bytes()), {"x", DType::Float32, {-1, -1, 3}})), ".npy"));
  CHECK(says(error_of(load_batches(folder.write("float.npy", save_npy(counting({2, 2, 3}))), {"x", DType::UInt8, {2, 2, 3}})), "uint8"));
  // Every truncation of an array is an error.
  const auto bytes = save_npy(counting({2, 2, 3}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(!load_batches(folder.write("cut.npy", Bytes(bytes).first(size)), input));
  }
}

TEST_CASE("several inputs have a path and as many batches each") {
  const Folder folder("two");
  folder.write("x.npy", save_npy(counting({4, 2})));
  folder.write("y.npy", save_npy(counting({2, 3})));
  const std::vector<BatchInput> inputs{{"x", DType::Float32, {1, 2}}, {"y", DType::Float32, {1, 3}}};
  const std::string x = folder.path() + "/x.npy", y = folder.path() + "/y.npy";
  CHECK(says(load_calibration(x, inputs).error().message(), "2 inputs"));
  CHECK(says(load_calibration(x + ";" + y, inputs).error().message(), "2 batches"));
  const auto two = load_calibration(x + "," + y, inputs, 2);
  REQUIRE_MESSAGE(two, (two ? "" : two.error().message()));
  REQUIRE(two->size() == 2);
  CHECK((*two)[1][0].data<float>()[0] == 2);
  CHECK((*two)[1][1].data<float>()[0] == 3);
}

}  // namespace
}  // namespace npu::quantize
