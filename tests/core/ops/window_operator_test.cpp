// SPDX-License-Identifier: Apache-2.0
// Convolutions, poolings, matrix products, reductions, normalisations and Resize: messages, symbols, opsets, precision.
#include <doctest/doctest.h>

#include <limits>

#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;

namespace {

using Ints = std::vector<int64_t>;
const Dim kBatch("batch");
const Dim kWidth("width");

TensorType f32(Dims dims) { return TensorType::of(DType::Float32, std::move(dims)); }

struct Case {
  std::string op;
  std::vector<Given> inputs;
  Attrs attrs;
  std::string message;  // without "InvalidModel: Op 'n': "
  int opset = 21;
  size_t outputs = 1;
};

std::vector<Case> cases() {
  const TensorType image = f32({1, 3, 8, 8});
  const TensorType weights = f32({4, 3, 3, 3});
  return {
      {"MaxPool", {image}, {{"kernel_shape", Ints{0, 2}}}, "kernel 0 at axis 2"},
      {"MaxPool", {image}, {{"kernel_shape", Ints{2, -1}}}, "kernel -1 at axis 3"},
      {"MaxPool", {image}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{1, 0}}}, "stride 0 at axis 3"},
      {"MaxPool", {image}, {{"kernel_shape", Ints{2}}}, "kernel_shape has 1 values, the input has 2 spatial dimensions"},
      {"MaxPool", {image}, {}, "attribute 'kernel_shape' is missing"},
      {"MaxPool", {image}, {{"kernel_shape", Ints{9, 2}}},
       "the window does not fit at axis 2: input 8 with padding 0+0, kernel 9, dilation 1"},
      {"MaxPool", {image}, {{"kernel_shape", Ints{2, 2}}, {"auto_pad", std::string("SAME")}}, "auto_pad 'SAME' is not known"},
      {"AveragePool", {image}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 1}}}, "pads has 2 values, needs 4"},
      {"AveragePool", {image}, {{"kernel_shape", int64_t{2}}}, "attribute 'kernel_shape' is of kind int, expected ints"},
      {"AveragePool", {TensorType::of(DType::Int32, Shape{1, 3, 8, 8})}, {{"kernel_shape", Ints{2, 2}}},
       "input 0 is int32, needs a floating-point type"},
      {"GlobalAveragePool", {f32({1, 3, 0})}, {}, "input 1x3x0 is empty at axis 2"},
      {"Conv", {image}, {}, "has 1 inputs, needs 2 to 3"},
      {"Conv", {image, f32({4, 2, 3, 3})}, {}, "weights 4x2x3x3 need 2 input channels a group, the input has 3 / 1"},
      {"Conv", {image, weights}, {{"group", int64_t{2}}}, "group 2 does not divide 3 input channels"},
      {"Conv", {image, weights}, {{"group", int64_t{0}}}, "group 0"},
      {"Conv", {f32({1, 9, 8, 8}), weights}, {{"group", int64_t{3}}}, "group 3 does not divide 4 output channels"},
      {"Conv", {image, weights}, {{"kernel_shape", Ints{3, 5}}}, "kernel_shape 5 at axis 3 does not match the weights 4x3x3x3"},
      {"Conv", {image, weights, f32({5})}, {}, "bias: 5 does not match 4"},
      {"Conv", {image, f32({4, 3, 3})}, {}, "weights 4x3x3 and input 1x3x8x8 differ in rank"},
      {"Conv", {image, weights}, {{"pads", Ints{0, 0, -1, 0}}}, "padding -1 at axis 2"},
      {"Conv", {image, weights}, {{"dilations", Ints{1, 4}}},
       "the window does not fit at axis 3: input 8 with padding 0+0, kernel 3, dilation 4"},
      {"ConvTranspose", {image, f32({2, 4, 3, 3})}, {}, "input channels: 3 does not match 2"},
      {"ConvTranspose", {image, f32({3, 4, 3, 3})}, {{"pads", Ints{5, 0, 5, 0}}},
       "output size 0 at axis 2 (input 8, kernel 3, padding 5+5)"},
      {"ConvTranspose", {image, f32({3, 4, 3, 3})}, {{"output_padding", Ints{0, 2}}},
       "output_padding 2 at axis 3 with stride 1 and dilation 1"},
      {"Gemm", {f32({2, 3}), f32({4, 5})}, {}, "inner dimension: 3 does not match 4"},
      {"Gemm", {f32({2, 3, 1}), f32({3, 5})}, {}, "input 0 is of shape 2x3x1, needs a matrix"},
      {"Gemm", {f32({2, 3}), f32({3, 5}), f32({4})}, {}, "C of shape 4 does not broadcast to 2x5"},
      {"MatMul", {f32({2, 3}), f32({2, 3})}, {}, "inner dimension of 2x3 and 2x3: 3 does not match 2"},
      {"MatMul", {f32({2, 2, 3}), f32({3, 3, 2})}, {}, "cannot broadcast 2x2x3 and 3x3x2"},
      {"MatMul", {f32({}), f32({3})}, {}, "input 0 is of rank 0, needs at least 1"},
      {"BatchNormalization", {image, f32({3}), f32({3}), f32({4}), f32({3})}, {}, "input_mean: 4 does not match 3"},
      {"InstanceNormalization", {image, f32({3}), f32({1, 3})}, {}, "B is of shape 1x3, needs a vector"},
      {"LRN", {image}, {{"size", int64_t{0}}}, "size 0"},
      {"ReduceSum", {image, ints({4})}, {}, "axis 4 is outside of rank 4"},
      {"ReduceMean", {image}, {{"axes", Ints{1, -3}}}, "axis 1 is given twice", 13},
      {"Softmax", {image}, {{"axis", int64_t{-5}}}, "axis -5 is outside of rank 4"},
      {"ArgMax", {f32({2, 0})}, {{"axis", int64_t{1}}}, "input 2x0 is empty at axis 1"},
      {"Resize", {image}, {}, "neither scales nor sizes are given"},
      {"Resize", {image, Tensor(), floats({3}, {1, 2, 2})}, {}, "scales has 3 values, needs 4"},
      {"Resize", {image, Tensor(), floats({4}, {1, 1, -2, 2})}, {}, "scale -2 at axis 2"},
      {"Resize", {image, Tensor(), Tensor(), ints({1, 3, 0, 4})}, {}, "size 0 at axis 2"},
      {"Resize", {image, Tensor(), floats({4}, {1, 1, 2, 2})}, {{"mode", std::string("area")}}, "mode 'area' is not known"},
      {"Upsample", {image, floats({4}, {1, 1, 0.5, 2})}, {}, "scale 0.5 at axis 2", 9},
      {"TransData", {image}, {{"src_format", std::string("NCHW")}, {"dst_format", std::string("NC5")}}, "dst_format 'NC5' is not known"},
      {"Conv", {image, weights}, {{"paddings", Ints{1}}}, "attribute 'paddings' is not known"},
  };
}

}  // namespace

TEST_CASE("window operators say what is wrong") {
  for (const Case& wrong : cases()) {
    CAPTURE(wrong.op);
    CAPTURE(wrong.message);
    const std::string message = inferred(wrong.op, wrong.inputs, wrong.attrs, wrong.opset, wrong.outputs);
    const std::string prefix = ": " + wrong.op + " 'n': ";
    const size_t at = message.find(prefix);
    REQUIRE_MESSAGE(at != std::string::npos, message);
    CHECK(message.substr(at + prefix.size()) == wrong.message);
  }
}

TEST_CASE("unknown operators and old opsets are refused") {
  CHECK(inferred("Frobnicate", {f32({1})}).find("Frobnicate 'n': operator Frobnicate is not known") != std::string::npos);
  CHECK(inferred("Resize", {f32({1})}, {}, 9).find("opset 9 is not supported, the first understood is 10") != std::string::npos);
}

TEST_CASE("the registry is complete") {
  for (const OpDef* def : all_ops()) {
    CAPTURE(def->name);
    CHECK(find_op(def->name) == def);
    CHECK(!def->doc.empty());
    CHECK(def->infer);
    CHECK((def->reference || def->evaluate));
    CHECK(def->min_inputs <= def->max_inputs);
    CHECK(def->min_outputs <= def->max_outputs);
    CHECK(def->min_outputs >= 1);
    for (size_t i = 1; i < def->attrs.size(); ++i) CHECK(def->attrs[i - 1].name < def->attrs[i].name);
  }
  CHECK(find_op("") == nullptr);
  CHECK(find_op("Zzz") == nullptr);
}

TEST_CASE("symbols pass through windows that keep the size") {
  const TensorType image = f32({kBatch, 3, kWidth, 8});
  const TensorType weights = f32({4, 3, 3, 3});
  CHECK(inferred("Conv", {image, weights}, {{"pads", Ints{1, 1, 1, 1}}}) == "float32[batch,4,width,8]");
  CHECK(inferred("Conv", {image, weights}) == "float32[batch,4,?,6]");
  CHECK(inferred("Conv", {image, weights}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{1, 2}}}) == "float32[batch,4,width,4]");
  CHECK(inferred("ConvTranspose", {image, f32({3, 5, 2, 2})}, {{"strides", Ints{2, 2}}}) == "float32[batch,5,?,16]");
  CHECK(inferred("MaxPool", {image}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}}) == "float32[batch,3,?,3]");
  CHECK(inferred("GlobalAveragePool", {image}) == "float32[batch,3,1,1]");
  CHECK(inferred("Gemm", {f32({kBatch, 512}), f32({10, 512})}, {{"transB", int64_t{1}}}) == "float32[batch,10]");
  CHECK(inferred("MatMul", {f32({kBatch, 4, 5}), f32({5, 6})}) == "float32[batch,4,6]");
  CHECK(inferred("MatMul", {f32({5}), f32({kBatch, 5, 6})}) == "float32[batch,6]");
  CHECK(inferred("ReduceMean", {image}, {{"axes", Ints{2, 3}}, {"keepdims", int64_t{0}}}, 13) == "float32[batch,3]");
  CHECK(inferred("ReduceSum", {image, TensorType::of(DType::Int64, Shape{2})}, {{"keepdims", int64_t{0}}}) == "float32[?,?]");
  CHECK(inferred("ArgMax", {f32({kBatch, 1000})}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}) == "int64[batch]");
  CHECK(inferred("Resize", {image, Tensor(), floats({4}, {1, 1, 2, 2})}) == "float32[batch,3,?,16]");
  CHECK(inferred("Resize", {image, Tensor(), Tensor(), ints({5, 6})}, {{"axes", Ints{2, 3}}}) == "float32[batch,3,5,6]");
  CHECK(inferred("Upsample", {image}, {{"scales", std::vector<float>{1, 1, 2, 2}}}, 7) == "float32[batch,3,?,16]");
}

TEST_CASE("Softmax normalises over all later dimensions before opset 13") {
  const Tensor x = floats({1, 2, 2}, {0, 0, 0, 0});
  CHECK((*run("Softmax", {x}, {}, 12))[0].data<float>()[0] == 0.25f);
  CHECK((*run("Softmax", {x}, {}, 13))[0].data<float>()[0] == 0.5f);
}

TEST_CASE("Resize of opset 10 takes scales as its second input") {
  const auto y = run("Resize", {floats({1, 4}, {1, 2, 3, 4}), floats({2}, {1, 0.6f})}, {}, 10);
  REQUIRE_MESSAGE(y.has_value(), error_of(y));
  CHECK((*y)[0].to_doubles() == std::vector<double>{1, 3});
}

TEST_CASE("float16 is computed in float and rounded once") {
  // 2048 + 1 + 1: float16 has no 2049, so that rounding after each sum would give 2048.
  const Tensor x = floats({1, 3}, {2048, 1, 1}).cast(DType::Float16);
  const auto y = run("ReduceSum", {x, ints({1})});
  REQUIRE(y.has_value());
  CHECK((*y)[0].dtype() == DType::Float16);
  CHECK((*y)[0].to_doubles()[0] == 2050);
}

TEST_CASE("integer matrix products wrap") {
  const Tensor a = tensor<int32_t>(DType::Int32, {1, 1}, {std::numeric_limits<int32_t>::max()});
  const Tensor b = tensor<int32_t>(DType::Int32, {1, 1}, {2});
  CHECK((*run("MatMul", {a, b}))[0].data<int32_t>()[0] == -2);
}

TEST_CASE("absurd sizes are refused, not allocated") {
  const Tensor x = floats({1, 1, 1, 1}, {1});
  const Ints huge(4, int64_t{1} << 29);
  CHECK(error_of(run("MaxPool", {x}, {{"kernel_shape", Ints{1, 1}}, {"pads", huge}})).find("too large") != std::string::npos);
  const Ints large(4, int64_t{1} << 16);
  CHECK(error_of(run("MaxPool", {x}, {{"kernel_shape", Ints{1, 1}}, {"pads", large}})).find("more than 1073741824 elements") != std::string::npos);
}

TEST_CASE("shape arithmetic is followed through a graph") {
  // Reshape(x, Concat(Gather(Shape(x), 0), [-1]))
  Graph graph;
  const ValueId x = graph.add_value("x", TensorType::of(DType::Float32, Shape{2, 3, 4}));
  const auto add = [&](Node node, std::vector<ValueId> inputs) {
    node.inputs = std::move(inputs);
    node.outputs[0] = graph.add_value(node.op, {});
    const ValueId output = node.outputs[0];
    graph.append(std::move(node));
    return output;
  };
  graph.inputs = {x};
  const ValueId shape = add(node_of("Shape", {}), {x});
  const ValueId batch = add(node_of("Gather", {}), {shape, graph.add_constant("zero", ints({0}))});
  const ValueId wanted = add(node_of("Concat", {{"axis", int64_t{0}}}), {batch, graph.add_constant("rest", ints({-1}))});
  const ValueId y = add(node_of("Reshape", {}), {x, wanted});
  graph.outputs = {y};
  const auto status = infer_shapes(graph);
  REQUIRE_MESSAGE(status.has_value(), error_of(status));
  CHECK(to_string(graph.value(y).type) == "float32[2,12]");
}
