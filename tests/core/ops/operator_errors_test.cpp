// SPDX-License-Identifier: Apache-2.0
// What a wrong model is told, word for word, and edge values of integer arithmetic.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;

namespace {

TensorType f32(Shape dims) { return TensorType::of(DType::Float32, dims); }
TensorType i32(Shape dims) { return TensorType::of(DType::Int32, dims); }
using Ints = std::vector<int64_t>;

struct Case {
  std::string op;
  std::vector<Given> inputs;
  Attrs attrs;
  std::string message;  // without "InvalidModel: Op 'n': "
  int opset = 21;
  size_t outputs = 1;
};

std::vector<Case> cases() {
  return {
      {"Add", {f32({2, 3}), f32({4})}, {}, "cannot broadcast 2x3, 4: 3 does not match 4 at axis 0 of input 1"},
      {"Add", {f32({2}), i32({2})}, {}, "input 1 is int32, input 0 is float32"},
      {"Exp", {i32({2})}, {}, "input 0 is int32, needs a floating-point type"},
      {"And", {i32({2}), i32({2})}, {}, "input 0 is int32, needs bool"},
      {"Relu", {TensorType::of(DType::UInt8, Shape{2})}, {}, "input 0 is uint8, needs a signed number"},
      {"PRelu", {f32({2}), f32({3, 2})}, {}, "slope 3x2 cannot be broadcast to 2"},
      {"Clip", {f32({2}), f32({3})}, {}, "min is of shape 3, needs a scalar"},
      {"Mod", {f32({2}), f32({2})}, {}, "floating-point inputs (float32) need fmod=1"},
      {"Concat", {f32({2, 3}), f32({2, 4, 3})}, {{"axis", int64_t{1}}},
       "input 1 is 2x4x3, input 0 is 2x3: they may differ in axis 1 only"},
      {"Concat", {f32({2, 3}), f32({3, 3})}, {{"axis", int64_t{1}}},
       "input 1 is 3x3, input 0 is 2x3: they may differ in axis 1 only"},
      {"Concat", {f32({2})}, {{"axis", int64_t{1}}}, "axis 1 is outside of rank 1"},
      {"Concat", {f32({2})}, {}, "attribute 'axis' is missing"},
      {"Split", {f32({7})}, {}, "cannot split 7 into 2 equal parts", 13, 2},
      {"Split", {f32({7}), ints({3, 3})}, {}, "split 3+3 sums to 6, the axis has 7", 13, 2},
      {"Split", {f32({7}), ints({3, 3, 1})}, {}, "split has 3 sizes, the node 2 outputs", 13, 2},
      {"Split", {f32({7}), ints({8, -1})}, {}, "split -1 is no size", 13, 2},
      {"Slice", {f32({4}), ints({0}), ints({2}), ints({0}), ints({0})}, {}, "step 0 at axis 0"},
      {"Slice", {f32({4}), ints({0}), ints({2}), ints({1})}, {}, "axis 1 is outside of rank 1"},
      {"Slice", {f32({4, 4}), ints({0, 0}), ints({2})}, {}, "starts has 2 values, ends 1, axes 0, steps 0"},
      {"Slice", {f32({4})}, {{"starts", Ints{0}}}, "starts or ends is missing", 9},
      {"Gather", {f32({4}), f32({1})}, {}, "indices are float32, need int64 or int32"},
      {"Reshape", {f32({2, 3}), ints({4, -1})}, {}, "cannot reshape 2x3 (6 elements) to 4x-1"},
      {"Reshape", {f32({2, 3}), ints({7})}, {}, "cannot reshape 2x3 (6 elements) to 7"},
      {"Reshape", {f32({2, 3}), ints({-1, -1})}, {}, "shape -1x-1 has more than one -1"},
      {"Reshape", {f32({2, 3}), ints({-5})}, {}, "shape -5 has -5 at axis 0"},
      {"Reshape", {f32({2}), ints({1, 0})}, {}, "shape 1x0 copies axis 1 of an input of rank 1"},
      {"Flatten", {f32({2})}, {{"axis", int64_t{3}}}, "axis 3 is outside of rank 1"},
      {"Squeeze", {f32({2, 1}), ints({0})}, {}, "axis 0 of 2x1 has 2 elements, cannot be squeezed"},
      {"Unsqueeze", {f32({2}), ints({0, 0})}, {}, "axis 0 is given twice"},
      {"Unsqueeze", {f32({2})}, {}, "axes is missing"},
      {"Transpose", {f32({2, 3})}, {{"perm", Ints{0, 0}}}, "perm [0, 0] is no permutation of 2 axes"},
      {"Pad", {f32({2, 3}), ints({1, 1})}, {}, "pads has 2 values, 2 axes need 4"},
      {"Pad", {f32({2}), ints({-1, -2})}, {}, "pads -1 and -2 crop more than the 2 elements of axis 0"},
      {"Pad", {f32({2}), ints({1, 1})}, {{"mode", std::string("mirror")}}, "mode 'mirror' is not known"},
      {"Pad", {f32({0}), ints({1, 1})}, {{"mode", std::string("edge")}}, "axis 0 has no elements to pad from"},
      {"DepthToSpace", {f32({1, 6, 2, 2})}, {{"blocksize", int64_t{2}}}, "6 channels are no multiple of blocksize 2 squared"},
      {"DepthToSpace", {f32({1, 6, 2, 2})}, {{"blocksize", int64_t{0}}}, "blocksize 0"},
      {"SpaceToDepth", {f32({1, 1, 4, 3})}, {{"blocksize", int64_t{2}}}, "axis 3 of 1x1x4x3 is no multiple of blocksize 2"},
      {"Expand", {f32({3}), ints({2})}, {}, "cannot broadcast 3 to 2"},
      {"Where", {f32({2}), f32({2}), f32({2})}, {}, "input 0 is float32, needs bool"},
      {"Constant", {}, {}, "needs exactly one of its value attributes, has 0"},
      {"ConstantOfShape", {ints({2, -1})}, {}, "shape 2x-1 is negative or too large"},
      {"ConstantOfShape", {ints({int64_t{1} << 40, 1 << 20})}, {}, "shape 1099511627776x1048576 is negative or too large"},
      {"Tile", {f32({2}), ints({1, 2})}, {}, "repeats has 2 values, the input 1 axes"},
      {"Range", {ints({0}), ints({5}), ints({0})}, {}, "delta 0"},
  };
}

}  // namespace

TEST_CASE("a wrong node is told what is wrong, with the values") {
  for (const Case& c : cases()) {
    const std::string prefix = "InvalidModel: " + c.op + " 'n': ";
    const std::string message = inferred(c.op, c.inputs, c.attrs, c.opset, c.outputs);
    CHECK(message == prefix + c.message);
  }
}

TEST_CASE("what is valid but not done says so") {
  CHECK(inferred("Cast", {f32({2})}, {{"to", int64_t{14}}}) == "UnsupportedModel: Cast 'n': to=14 is not an element type known here");
}

TEST_CASE("errors that depend on values name the element") {
  const Tensor data = floats({3}, {1, 2, 3});
  CHECK(error_of(run("Gather", {data, ints({0, -3, 3})})) ==
        "InvalidModel: Gather 'n': index 3 (element 2 of the indices) is outside of an axis of 3");
  CHECK(error_of(run("Div", {ints({1, 2}), ints({1, 0})})) ==
        "InvalidModel: Div 'n': integer division by zero at element 1 of input 1");
  CHECK(error_of(run("Mod", {ints({1}), ints({0})})) ==
        "InvalidModel: Mod 'n': integer division by zero at element 0 of input 1");
}

TEST_CASE("integer arithmetic wraps") {
  const auto first = [](const Result<std::vector<Tensor>>& result) { return result.value()[0].to_ints(); };
  CHECK(first(run("Add", {ints({INT64_MAX}), ints({1})})) == Ints{INT64_MIN});
  CHECK(first(run("Sub", {ints({INT64_MIN}), ints({1})})) == Ints{INT64_MAX});
  CHECK(first(run("Mul", {ints({INT64_MIN}), ints({-1})})) == Ints{INT64_MIN});
  CHECK(first(run("Div", {ints({INT64_MIN, -7, 7}), ints({-1, 2, -2})})) == Ints{INT64_MIN, -3, -3});
  CHECK(first(run("Neg", {ints({INT64_MIN})})) == Ints{INT64_MIN});
  CHECK(first(run("Abs", {ints({INT64_MIN, -3})})) == Ints{INT64_MIN, 3});
  CHECK(first(run("Mod", {ints({INT64_MIN, -7, 7}), ints({-1, 3, -3})})) == Ints{0, 2, -2});
  CHECK(first(run("Pow", {ints({3, -2, 2, -1}), ints({40, 63, -1, -3})})) == Ints{-6289078614652622815, INT64_MIN, 0, -1});
  CHECK(first(run("Mul", {tensor<int8_t>(DType::Int8, {1}, {100}), tensor<int8_t>(DType::Int8, {1}, {3})})) == Ints{44});
}

TEST_CASE("NaN and infinities") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto text = [](const Result<std::vector<Tensor>>& result) {
    std::string line;
    for (double value : result.value()[0].to_doubles()) line += (line.empty() ? "" : " ") + (value != value ? "nan" : fmt::format("{}", value));
    return line;
  };
  CHECK(text(run("Max", {floats({2}, {nan, 1}), floats({2}, {1, nan})})) == "nan nan");
  CHECK(text(run("Relu", {floats({3}, {nan, -inf, inf})})) == "nan 0 inf");
  CHECK(text(run("Clip", {floats({4}, {nan, -inf, inf, 5}), floats({}, {0}), floats({}, {6})})) == "nan 0 6 5");
  CHECK(text(run("Clip", {floats({2}, {-9, 9})}, {{"max", 6.0f}, {"min", -1.5f}}, 6)) == "-1.5 6");
  CHECK(text(run("Sigmoid", {floats({3}, {-inf, inf, 0})})) == "0 1 0.5");
  CHECK(text(run("Softplus", {floats({3}, {-inf, inf, 1000})})) == "0 inf 1000");
}
