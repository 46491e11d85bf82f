// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/npy.h"

#include <doctest/doctest.h>
#include <algorithm>

using namespace npu;

namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A version-1 file with this header and these data.
std::string npy(std::string header, const std::string& data, char version = 1) {
  header += '\n';
  std::string file = std::string("\x93NUMPY") + version + '\0';
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  if (version > 1) file += std::string(2, '\0');
  return file + header + data;
}

Result<Tensor> load(const std::string& file) {
  return load_npy(as_byte_view(file));
}

}  // namespace

// What numpy 1.24 writes for np.save(f, np.array([[1, 2, 3], [4, 5, 6]], dtype='<i2')).
TEST_CASE(".npy: the bytes are NumPy's") {
  const int16_t values[] = {1, 2, 3, 4, 5, 6};
  const Tensor tensor = Tensor::from<int16_t>(DType::Int16, {2, 3}, values);
  std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";
  expected.resize(127, ' ');
  expected += '\n';
  expected += std::string("\1\0\2\0\3\0\4\0\5\0\6\0", 12);
  CHECK(text_of(save_npy(tensor)) == expected);
}

TEST_CASE(".npy: every element type and rank comes back") {
  for (const DTypeInfo& row : kDTypes) {
    if (row.dtype == DType::Undefined || row.dtype == DType::BFloat16 || !is_device_dtype(row.dtype)) continue;
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{0}, Shape{2, 5}, Shape{1, 2, 3, 4}}) {
      Tensor tensor(row.dtype, shape);
      for (size_t i = 0; i < tensor.byte_size(); ++i)
        tensor.mutable_bytes()[i] = static_cast<std::byte>(row.dtype == DType::Bool ? i % 2 : i * 7 + 1);
      const auto back = load_npy(save_npy(tensor));
      REQUIRE(back);
      CHECK(back->dtype() == row.dtype);
      CHECK(back->shape() == shape);
      CHECK(std::ranges::equal(back->bytes(), tensor.bytes()));
    }
  }
  const float value[] = {1.5f};
  const Tensor bfloat = Tensor::from<float>(DType::Float32, {1}, value).cast(DType::BFloat16);
  CHECK(load_npy(save_npy(bfloat))->to_doubles() == std::vector<double>{1.5});
}

TEST_CASE(".npy: versions 2 and 3, Fortran order") {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
  for (const char version : {1, 2, 3}) {
    const auto tensor = load(npy(header, "\1\2\3\4\5\6", version));
    REQUIRE(tensor);
    CHECK(tensor->to_ints() == std::vector<int64_t>{1, 3, 5, 2, 4, 6});
  }
}

TEST_CASE(".npy: bad files are errors") {
  const std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", std::string(8, 'x'));
  REQUIRE(load(good));
  for (size_t length = 0; length < good.size(); ++length) CHECK(!load(good.substr(0, length)));
  const struct {
    std::string header, message;
  } cases[] = {
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "big-endian elements ('>f4') are not supported"},
      {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "element type '<c8' is not supported"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "float32 3 needs 12 bytes, the file has 8"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "shape -2 is negative or too large"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "negative or too large"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "structured element types"},
      {"{'descr': '<f4', 'shape': (2,), }", "the header has 2 keys, not 3"},
      {"'descr'", "the header is no dictionary"},
  };
  for (const auto& c : cases) {
    const auto tensor = load(npy(c.header, std::string(8, 'x')));
    REQUIRE(!tensor);
    CHECK_MESSAGE(tensor.error().message().find(c.message) != std::string::npos, tensor.error().message());
  }
}
