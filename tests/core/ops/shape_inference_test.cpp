// SPDX-License-Identifier: Apache-2.0
// Symbolic and partly known dimensions through the infer functions.
#include <doctest/doctest.h>

#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;

namespace {

const Dim kBatch("batch");

TensorType f32(Dims dims) { return TensorType::of(DType::Float32, std::move(dims)); }
const TensorType kUnknownShape3 = TensorType::of(DType::Int64, Shape{3});

}  // namespace

TEST_CASE("broadcasting keeps symbols") {
  CHECK(inferred("Add", {f32({kBatch, 3}), f32({3})}) == "float32[batch,3]");
  CHECK(inferred("Add", {f32({kBatch, 3}), f32({kBatch, 1})}) == "float32[batch,3]");
  CHECK(inferred("Add", {f32({1, 3}), f32({kBatch, 1})}) == "float32[batch,3]");
  CHECK(inferred("Add", {f32({kBatch}), f32({Dim("other")})}) == "float32[?]");
  CHECK(inferred("Add", {f32({kBatch}), f32({5})}) == "float32[5]");
  CHECK(inferred("Where", {TensorType::of(DType::Bool, Dims{kBatch, 1}), f32({4}), f32({})}) == "float32[batch,4]");
}

TEST_CASE("Reshape follows symbols through 0 and -1") {
  CHECK(inferred("Reshape", {f32({kBatch, 512, 1, 1}), ints({0, -1})}) == "float32[batch,512]");
  CHECK(inferred("Reshape", {f32({kBatch, 512, 2, 1}), ints({-1, 1024})}) == "float32[batch,1024]");
  CHECK(inferred("Reshape", {f32({kBatch, 6}), ints({-1, 4})}) == "float32[?,4]");
  CHECK(inferred("Reshape", {f32({2, 6}), ints({-1, 4})}) == "float32[3,4]");
  CHECK(inferred("Reshape", {f32({2, 6}), kUnknownShape3}) == "float32[?,?,?]");
  CHECK(inferred("Reshape", {f32({0, 3}), ints({3, 0})}, {{"allowzero", int64_t{1}}}) == "float32[3,0]");
}

TEST_CASE("shape operators keep what is known") {
  CHECK(inferred("Flatten", {f32({kBatch, 3, 4})}) == "float32[batch,12]");
  CHECK(inferred("Concat", {f32({kBatch, 3}), f32({kBatch, 5})}, {{"axis", int64_t{1}}}) == "float32[batch,8]");
  CHECK(inferred("Concat", {f32({kBatch, 3}), f32({2, 3})}, {{"axis", int64_t{0}}}) == "float32[?,3]");
  CHECK(inferred("Transpose", {f32({kBatch, 3, 4})}, {{"perm", std::vector<int64_t>{2, 0, 1}}}) == "float32[4,batch,3]");
  CHECK(inferred("Slice", {f32({kBatch, 10}), ints({0, 2}), ints({INT64_MAX, 8}), ints({0, 1}), ints({1, 3})}) == "float32[batch,2]");
  CHECK(inferred("Slice", {f32({kBatch, 10}), ints({1}), ints({5}), ints({0})}) == "float32[?,10]");
  CHECK(inferred("Gather", {f32({kBatch, 10}), ints({1, 2})}, {{"axis", int64_t{1}}}) == "float32[batch,2]");
  CHECK(inferred("Unsqueeze", {f32({kBatch}), ints({0, -1})}) == "float32[1,batch,1]");
  CHECK(inferred("Squeeze", {f32({kBatch, 1})}, {{"axes", std::vector<int64_t>{1}}}, 11) == "float32[batch]");
  CHECK(inferred("Pad", {f32({kBatch, 4}), ints({0, 1, 0, 2})}) == "float32[batch,7]");
  CHECK(inferred("Expand", {f32({kBatch, 1}), ints({1, 4})}) == "float32[batch,4]");
  CHECK(inferred("DepthToSpace", {f32({kBatch, 8, 2, 3})}, {{"blocksize", int64_t{2}}}) == "float32[batch,2,4,6]");
  CHECK(inferred("Split", {f32({kBatch, 7})}, {{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}, 18, 2) == "float32[batch,4]");
  CHECK(inferred("Tile", {f32({kBatch, 3}), ints({1, 2})}) == "float32[batch,6]");
}

TEST_CASE("a shape computed from known dimensions reaches Reshape") {
  // The chain exporters write for x.view(x.size(0), -1), its batch known.
  Graph g;
  g.opset = 17;
  const auto add = [&](std::string op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node node = node_of(std::move(op), std::move(attrs));
    node.inputs = std::move(inputs);
    node.outputs[0] = g.add_value(g.unique_value_name("v"), {});
    const ValueId output = node.outputs[0];
    g.append(std::move(node));
    return output;
  };
  const ValueId x = g.add_value("x", f32({2, 3, 4}));
  g.inputs = {x};
  const ValueId first = add("Gather", {add("Shape", {x}), g.add_constant("zero", ints({0}).reshaped({}))});
  const ValueId shape = add("Concat", {add("Unsqueeze", {first, g.add_constant("axes", ints({0}))}), g.add_constant("rest", ints({-1}))},
                            {{"axis", int64_t{0}}});
  g.outputs = {add("Reshape", {x, shape})};
  const auto status = infer_shapes(g);
  REQUIRE_MESSAGE(status, error_of(status));
  CHECK(to_string(g.value(g.outputs[0]).type) == "float32[2,12]");
}
