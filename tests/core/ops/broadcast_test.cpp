// SPDX-License-Identifier: Apache-2.0
// Broadcasting and strided copies against index arithmetic written out the slow way.
#include "core/ops/detail/broadcast.h"

#include <doctest/doctest.h>

#include <random>

#include "core/ops/detail/strided_copy.h"
#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;

namespace {

struct Random {
  std::mt19937_64 engine{5};
  int64_t below(int64_t n) { return static_cast<int64_t>(engine() % static_cast<uint64_t>(n)); }
  Shape shape(size_t rank) {
    Shape result;
    for (size_t i = 0; i < rank; ++i) result.push_back(below(8) == 0 ? 0 : 1 + below(5));
    return result;
  }
};

// The shape with some leading axes dropped and some others set to 1.
Shape weakened(const Shape& shape, Random& random) {
  Shape result = shape;
  for (auto& extent : result)
    if (random.below(3) == 0) extent = 1;
  result.erase(result.begin(), result.begin() + random.below(static_cast<int64_t>(result.size()) + 1));
  return result;
}

Shape index_of(int64_t flat, const Shape& shape) {
  Shape index(shape.size());
  for (size_t i = shape.size(); i-- > 0;) index[i] = flat % shape[i], flat /= shape[i];
  return index;
}

// Element of the operand that stands at an index of the output.
int64_t broadcast_at(const Shape& index, const Shape& operand) {
  int64_t flat = 0;
  for (size_t i = 0; i < operand.size(); ++i) {
    const int64_t at = index[index.size() - operand.size() + i];
    flat = flat * operand[i] + (operand[i] == 1 ? 0 : at);
  }
  return flat;
}

Tensor counting(const Shape& shape) {
  Tensor result(DType::Int64, shape);
  int64_t next = 0;
  for (int64_t& value : result.mutable_data<int64_t>()) value = next++;
  return result;
}

}  // namespace

TEST_CASE("binary operators broadcast like written-out indices") {
  Random random;
  for (int round = 0; round < 500; ++round) {
    const Shape full = random.shape(static_cast<size_t>(random.below(6)));
    Shape a_shape = full, b_shape = weakened(full, random);
    for (size_t i = 0; i < full.size(); ++i)  // the other side may be the one that grows
      if (random.below(4) == 0 && full.size() - i <= b_shape.size() && b_shape[b_shape.size() - (full.size() - i)] == full[i]) a_shape[i] = 1;
    if (round % 2) std::swap(a_shape, b_shape);
    const Tensor a = counting(a_shape), b = counting(b_shape);
    // Distinct for all pairs of operands.
    const auto result = run("Add", {a, run("Mul", {b, ints({100'000}).reshaped({})}).value()[0]});
    REQUIRE(result);
    const Tensor& sum = (*result)[0];
    REQUIRE(sum.shape() == full);
    bool equal = true;
    for (int64_t i = 0; i < sum.elements(); ++i) {
      const Shape index = index_of(i, full);
      equal = equal && sum.data<int64_t>()[static_cast<size_t>(i)] == broadcast_at(index, a_shape) + 100'000 * broadcast_at(index, b_shape);
    }
    CHECK_MESSAGE(equal, to_string(a_shape), " + ", to_string(b_shape));
  }
}

TEST_CASE("Where broadcasts all three inputs") {
  Random random;
  for (int round = 0; round < 200; ++round) {
    const Shape full = random.shape(1 + static_cast<size_t>(random.below(4)));
    const Tensor x = counting(full), y = counting(weakened(full, random)).cast(DType::Int64);
    Tensor condition(DType::Bool, weakened(full, random));
    for (bool& value : condition.mutable_data<bool>()) value = random.below(2) == 1;
    const auto result = run("Where", {condition, x, y});
    REQUIRE(result);
    bool equal = (*result)[0].shape() == full;
    for (int64_t i = 0; equal && i < x.elements(); ++i) {
      const Shape index = index_of(i, full);
      const bool chosen = condition.data<bool>()[static_cast<size_t>(broadcast_at(index, condition.shape()))];
      equal = (*result)[0].data<int64_t>()[static_cast<size_t>(i)] == (chosen ? i : broadcast_at(index, y.shape()));
    }
    CHECK(equal);
  }
}

TEST_CASE("Transpose of every element size against written-out indices") {
  Random random;
  for (int round = 0; round < 200; ++round) {
    Shape shape = random.shape(1 + static_cast<size_t>(random.below(5)));
    if (round % 20 == 0) shape = {70, 3, 90};  // more than one block
    std::vector<size_t> permutation(shape.size());
    for (size_t i = 0; i < shape.size(); ++i) permutation[i] = i;
    std::ranges::shuffle(permutation, random.engine);
    const DType dtype = std::array{DType::Int64, DType::Float32, DType::Int16, DType::UInt8}[static_cast<size_t>(round % 4)];
    const Tensor input = counting(shape).cast(dtype);
    const Tensor output = detail::transposed(input, permutation);
    const auto from = input.to_doubles(), to = output.to_doubles();
    bool equal = output.elements() == input.elements();
    for (int64_t i = 0; equal && i < output.elements(); ++i) {
      const Shape index = index_of(i, output.shape());
      Shape source(shape.size());
      for (size_t d = 0; d < shape.size(); ++d) source[permutation[d]] = index[d];
      equal = to[static_cast<size_t>(i)] == from[static_cast<size_t>(broadcast_at(source, shape))];
    }
    CHECK_MESSAGE(equal, to_string(shape), " of ", to_string(dtype));
  }
}

TEST_CASE("Slice with any starts, ends and steps against written-out indices") {
  Random random;
  for (int round = 0; round < 500; ++round) {
    const Shape shape = random.shape(1 + static_cast<size_t>(random.below(4)));
    const size_t axis = static_cast<size_t>(random.below(static_cast<int64_t>(shape.size())));
    const int64_t start = random.below(16) - 8, end = random.below(16) - 8;
    const int64_t step = std::array<int64_t, 6>{1, 2, 3, -1, -2, INT64_MIN}[static_cast<size_t>(random.below(6))];
    // What Python's range(*slice(start, end, step).indices(length)) lists.
    const int64_t length = shape[axis];
    std::vector<int64_t> taken;
    const auto resolve = [&](int64_t at) {
      if (at < 0) at += length;
      return step > 0 ? std::clamp<int64_t>(at, 0, length) : std::clamp<int64_t>(at, -1, length - 1);
    };
    const int64_t last = resolve(end);
    for (int64_t at = resolve(start); step > 0 ? at < last : at > last; at += step) {
      taken.push_back(at);
      if (step == INT64_MIN) break;
    }
    const auto result = run("Slice", {counting(shape), ints({start}), ints({end}), ints({static_cast<int64_t>(axis)}), ints({step})});
    REQUIRE_MESSAGE(result, error_of(result));
    Shape expected = shape;
    expected[axis] = static_cast<int64_t>(taken.size());
    const Tensor& output = (*result)[0];
    bool equal = output.shape() == expected;
    for (int64_t i = 0; equal && i < output.elements(); ++i) {
      Shape index = index_of(i, expected);
      index[axis] = taken[static_cast<size_t>(index[axis])];
      equal = output.data<int64_t>()[static_cast<size_t>(i)] == broadcast_at(index, shape);
    }
    CHECK_MESSAGE(equal, to_string(shape), " axis ", axis, " ", start, ":", end, ":", step);
  }
}

TEST_CASE("Pad in every mode against written-out indices") {
  Random random;
  for (int round = 0; round < 400; ++round) {
    const std::string mode = std::array{"constant", "reflect", "edge", "wrap"}[static_cast<size_t>(round % 4)];
    Shape shape = random.shape(1 + static_cast<size_t>(random.below(3)));
    for (auto& extent : shape) extent = std::max<int64_t>(extent, 1);
    std::vector<int64_t> pads;
    for (size_t i = 0; i < 2 * shape.size(); ++i) pads.push_back(random.below(7));
    if (round % 5 == 0) pads[0] = -1 + (shape[0] == 1);  // crops
    const auto result = run("Pad", {counting(shape), ints(pads), ints({-7}).reshaped({})}, {{"mode", mode}}, 19);
    REQUIRE_MESSAGE(result, error_of(result));
    const Tensor& output = (*result)[0];
    bool equal = true;
    for (int64_t i = 0; equal && i < output.elements(); ++i) {
      Shape index = index_of(i, output.shape());
      bool inside = true;
      for (size_t d = 0; d < shape.size(); ++d) {
        // The axis as it is after cropping starts at element `first`.
        const int64_t first = std::max<int64_t>(-pads[d], 0);
        const int64_t length = shape[d] - first;
        int64_t at = index[d] - std::max<int64_t>(pads[d], 0);
        inside = inside && at >= 0 && at < length;
        while (mode == "wrap" && at < 0) at += length;
        while (mode == "wrap" && at >= length) at -= length;
        while (mode == "reflect" && length > 1 && (at < 0 || at >= length)) at = at < 0 ? -at : 2 * (length - 1) - at;
        index[d] = first + std::clamp<int64_t>(at, 0, length - 1);
      }
      const int64_t expected = mode == "constant" && !inside ? -7 : broadcast_at(index, shape);
      equal = output.data<int64_t>()[static_cast<size_t>(i)] == expected;
    }
    CHECK_MESSAGE(equal, mode, " ", to_string(shape), " by ", to_string(pads));
  }
}
