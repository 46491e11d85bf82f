// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/format.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>

using namespace npu;

namespace {

// Element i holds i + 1 (modulo what the type holds, never 0), so that padding is told from data.
Tensor counting(DType dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  auto bytes = tensor.mutable_bytes();
  const size_t size = dtype_size(dtype);
  for (size_t i = 0; i < bytes.size() / size; ++i) {
    const uint64_t value = i % 251 + 1;
    std::memcpy(bytes.data() + i * size, &value, size);
  }
  return tensor;
}

uint64_t element(const Tensor& tensor, int64_t index) {
  uint64_t value = 0;
  const size_t size = dtype_size(tensor.dtype());
  if (static_cast<size_t>(index + 1) * size > tensor.byte_size()) return ~uint64_t{0};
  std::memcpy(&value, tensor.bytes().data() + static_cast<size_t>(index) * size, size);
  return value;
}

// The published index formulas, one element at a time.
struct Formula {
  Format format;
  std::function<Shape(const Shape&, int64_t c0)> shape;
  std::function<int64_t(const Shape&, const Shape& at, int64_t c0)> index;
};

int64_t up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

const Formula kNhwc{
    Format::NHWC,
    [](const Shape& s, int64_t) {
      return Shape{s[0], s[2], s[3], s[1]};
    },
    [](const Shape& s, const Shape& i, int64_t) { return ((i[0] * s[2] + i[2]) * s[3] + i[3]) * s[1] + i[1]; }};

const Formula kFiveHd{Format::NC1HWC0,
                      [](const Shape& s, int64_t c0) {
                        return Shape{s[0], up(s[1], c0), s[2], s[3], c0};
                      },
                      [](const Shape& s, const Shape& i, int64_t c0) {
                        return (((i[0] * up(s[1], c0) + i[1] / c0) * s[2] + i[2]) * s[3] + i[3]) * c0 + i[1] % c0;
                      }};

const Formula kFiveHdC04{Format::NC1HWC0_C04,
                         [](const Shape& s, int64_t) {
                           return Shape{s[0], up(s[1], 4), s[2], s[3], 4};
                         },
                         [](const Shape& s, const Shape& i, int64_t) {
                           return (((i[0] * up(s[1], 4) + i[1] / 4) * s[2] + i[2]) * s[3] + i[3]) * 4 + i[1] % 4;
                         }};

const Formula kFractalZ{Format::FRACTAL_Z,
                        [](const Shape& s, int64_t c0) {
                          return Shape{up(s[1], c0) * s[2] * s[3], up(s[0], 16), 16, c0};
                        },
                        [](const Shape& s, const Shape& i, int64_t c0) {
                          return (((i[1] / c0 * s[2] + i[2]) * s[3] + i[3]) * up(s[0], 16) + i[0] / 16) * 16 * c0 +
                                 (i[0] % 16) * c0 + i[1] % c0;
                        }};

const Formula kFractalZMatrix{Format::FRACTAL_Z,
                              [](const Shape& s, int64_t c0) {
                                return Shape{up(s[0], c0), up(s[1], 16), 16, c0};
                              },
                              [](const Shape& s, const Shape& i, int64_t c0) {
                                return (i[0] / c0 * up(s[1], 16) + i[1] / 16) * 16 * c0 + (i[1] % 16) * c0 + i[0] % c0;
                              }};

const Formula kFractalNz{Format::FRACTAL_NZ,
                         [](const Shape& s, int64_t c0) {
                           return Shape{s[0], up(s[2], c0), up(s[1], 16), 16, c0};
                         },
                         [](const Shape& s, const Shape& i, int64_t c0) {
                           const int64_t m1 = up(s[1], 16);
                           return i[0] * up(s[2], c0) * m1 * 16 * c0 + (i[2] / c0 * m1 + i[1] / 16) * 16 * c0 +
                                  (i[1] % 16) * c0 + i[2] % c0;
                         }};

void check_formula(const Formula& formula, DType dtype, const Shape& shape) {
  CAPTURE(to_string(formula.format));
  CAPTURE(to_string(dtype));
  CAPTURE(to_string(shape));
  const int64_t c0 = c0_of(dtype);
  const Tensor logical = counting(dtype, shape);
  const auto physical = to_format(logical, formula.format);
  REQUIRE(physical);
  REQUIRE(physical->shape() == formula.shape(shape, c0));
  CHECK(*physical_shape(shape, dtype, formula.format) == physical->shape());

  Shape at(shape.size(), 0);
  uint64_t sum = 0, mismatches = 0;
  for (int64_t i = 0; i < logical.elements(); ++i) {
    mismatches += element(*physical, formula.index(shape, at, c0)) != element(logical, i);
    sum += element(logical, i);
    for (size_t d = shape.size(); d-- > 0 && ++at[d] == shape[d];) at[d] = 0;
  }
  CHECK(mismatches == 0);
  uint64_t physical_sum = 0;
  for (int64_t i = 0; i < physical->elements(); ++i) physical_sum += element(*physical, i);
  CHECK_MESSAGE(physical_sum == sum, "the padding is not zero");

  const auto back = from_format(*physical, shape, formula.format);
  REQUIRE(back);
  CHECK(back->shape() == shape);
  CHECK(std::ranges::equal(back->bytes(), logical.bytes()));
}

}  // namespace

TEST_CASE("formats follow the published index formulas and invert") {
  const Shape images[] = {{1, 1, 1, 1},   {2, 3, 5, 7},  {1, 16, 4, 4}, {3, 33, 2, 3},
                          {17, 48, 3, 3}, {40, 1, 5, 5}, {16, 32, 1, 1}};
  const Shape matrices[] = {{1, 1}, {16, 16}, {17, 31}, {105, 128}, {64, 10}, {3, 200}};
  const Shape batches[] = {{1, 1, 1}, {2, 17, 33}, {3, 16, 64}, {1, 40, 5}};
  for (DType dtype : {DType::Float16, DType::Float32, DType::Int8, DType::Int64}) {
    for (const Shape& shape : images)
      for (const Formula* formula : {&kNhwc, &kFiveHd, &kFiveHdC04, &kFractalZ}) check_formula(*formula, dtype, shape);
    for (const Shape& shape : matrices) check_formula(kFractalZMatrix, dtype, shape);
    for (const Shape& shape : batches) check_formula(kFractalNz, dtype, shape);
  }
}

TEST_CASE("a matrix is a FRACTAL_NZ batch of one, and ND and NCHW are the tensor itself") {
  const Tensor matrix = counting(DType::Float16, {20, 40});
  const auto nz = to_format(matrix, Format::FRACTAL_NZ);
  REQUIRE(nz);
  CHECK(nz->shape() == Shape{3, 2, 16, 16});
  CHECK(std::ranges::equal(nz->bytes(), to_format(matrix.reshaped({1, 20, 40}), Format::FRACTAL_NZ)->bytes()));
  CHECK(to_format(matrix, Format::ND)->bytes().data() == matrix.bytes().data());
  CHECK(!to_format(matrix, Format::NCHW));
}

// The vendor's compiler stores the 5x5x1x16 filter of the public Ascend310 sample as [25,1,16,16]: one
// non-zero column of C0, rows in output-channel order.
TEST_CASE("FRACTAL_Z agrees with a weight the vendor's compiler wrote") {
  const auto weight = to_format(counting(DType::Float16, {16, 1, 5, 5}), Format::FRACTAL_Z);
  REQUIRE(weight);
  CHECK(weight->shape() == Shape{25, 1, 16, 16});
  int wrong = 0;
  for (int64_t i = 0; i < weight->elements(); ++i) {
    const int64_t kernel = i / 256, channel = i / 16 % 16;
    const uint64_t expected = i % 16 ? 0 : static_cast<uint64_t>(channel * 25 + kernel) % 251 + 1;
    wrong += element(*weight, i) != expected;
  }
  CHECK(wrong == 0);
}

TEST_CASE("impossible formats are errors that carry the shape") {
  const auto rank = to_format(counting(DType::Float16, {2, 3, 4}), Format::NC1HWC0);
  REQUIRE(!rank);
  CHECK(rank.error().message() == "InvalidArgument: NC1HWC0: shape 2x3x4 has rank 3, not 4");
  CHECK(!physical_shape({4}, DType::Float16, Format::FRACTAL_NZ));
  CHECK(!physical_shape({1, int64_t{1} << 40, 1, 1024}, DType::Float16, Format::NC1HWC0));
  CHECK(!physical_shape({1, -1, 2, 2}, DType::Float16, Format::NC1HWC0));
  const auto size = from_format(counting(DType::Float16, {1, 1, 2, 2, 16}), {1, 17, 2, 2}, Format::NC1HWC0);
  REQUIRE(!size);
  CHECK(size.error().what.find("1x2x2x2x16") != std::string::npos);
  CHECK(to_format(Tensor(DType::Float16, {0, 3, 2, 2}), Format::NC1HWC0)->elements() == 0);
  for (const FormatInfo& row : kFormats) CHECK(format_from_name(row.name) == row.format);
}
