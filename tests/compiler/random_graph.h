// SPDX-License-Identifier: Apache-2.0
// Small random networks of the kinds of layers that passes rewrite.
#pragma once

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/ops/op.h"

namespace npu::test {

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {}

  // An image input, `layers` layers, one or two outputs; types inferred.
  Graph make(int layers) {
    graph_ = Graph();
    graph_.name = "random";
    graph_.opset = pick<int>({11, 13, 17, 18});
    const Shape shape{pick<int64_t>({1, 2}), pick<int64_t>({3, 5, 16}), 6, pick<int64_t>({5, 6})};
    const ValueId input = graph_.add_value("x", TensorType::of(DType::Float32, shape));
    graph_.inputs = {input};
    values_ = {input};
    for (int i = 0; i < layers; ++i) add_layer();
    if (roll(3) == 0)
      graph_.outputs.push_back(values_[static_cast<size_t>(1 + roll(static_cast<int>(values_.size()) - 1))]);
    if (graph_.outputs.empty() || graph_.outputs[0] != values_.back()) graph_.outputs.push_back(values_.back());
    return std::move(graph_);
  }

  Tensor tensor(const Shape& shape, float low = -1, float high = 1) {
    Tensor result(DType::Float32, shape);
    for (float& v : result.mutable_data<float>()) v = low + (high - low) * static_cast<float>(random_() % 4097) / 4096;
    return result;
  }

 private:
  int roll(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  template <class T>
  T pick(std::initializer_list<T> options) {
    return options.begin()[roll(static_cast<int>(options.size()))];
  }
  Shape shape(ValueId id) const { return to_shape(graph_.value(id).type.dims); }
  ValueId constant(Tensor t) { return graph_.add_constant("c" + std::to_string(graph_.value_count()), std::move(t)); }
  ValueId ints(std::vector<int64_t> v) {
    return constant(Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(v.size())}, v));
  }

  ValueId add(std::string op, std::vector<ValueId> inputs, std::map<std::string, Attr, std::less<>> attrs = {}) {
    const std::string name = op + std::to_string(graph_.value_count());
    const ValueId out = graph_.add_value(name, {});
    Node node;
    node.op = std::move(op);
    node.name = name;
    node.inputs = std::move(inputs);
    node.outputs = {out};
    node.attrs = std::move(attrs);
    node.origin = {name};
    const NodeId id = graph_.append(std::move(node));
    const auto inferred = infer_node(graph_, id);
    if (!inferred) throw std::runtime_error(inferred.error().message());
    return out;
  }

  void add_layer() {
    const ValueId x = values_.back();
    const Shape s = shape(x);
    const ValueId y = s.size() == 4 ? image_layer(x, s) : matrix_layer(x, s);
    values_.push_back(y);
  }

  ValueId image_layer(ValueId x, const Shape& s) {
    using Ints = std::vector<int64_t>;
    const int64_t c = s[1];
    switch (roll(21)) {
      case 0:
      case 1: {
        const int64_t out = pick<int64_t>({4, 16, 7}), k = s[2] >= 3 && s[3] >= 3 ? pick<int64_t>({1, 3}) : 1;
        std::vector<ValueId> inputs{x, constant(tensor({out, c, k, k}, -0.3f, 0.3f))};
        if (roll(2)) inputs.push_back(constant(tensor({out})));
        if (roll(3) == 0)
          return add("Conv", inputs, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 1}}});
        return add("Conv", inputs, {{"pads", Ints{k / 2, 0, k / 2, 0}}});
      }
      case 2:
        return add("Conv", {x, constant(tensor({c, 1, 1, 1}))}, {{"group", c}});
      case 3:
      case 4: {
        const ValueId gamma = constant(tensor({c})), beta = constant(tensor({c})), mean = constant(tensor({c})),
                      var = constant(tensor({c}, 0.5f, 1.5f));
        return add("BatchNormalization", {x, gamma, beta, mean, var});
      }
      case 5:
        return add("Relu", {x});
      case 6:
        return add(pick<std::string>({"Add", "Mul", "Sub"}), {x, constant(tensor({c, 1, 1}))});
      case 7:
        return add("Sub", {constant(tensor({1, c, 1, 1})), x});
      case 8:
        return graph_.opset >= 11 ? add("Pad", {x, ints({0, 0, 1, 0, 0, 0, 0, 1})}) : x;
      case 9:
        return s[2] >= 2 && s[3] >= 2
                   ? add(pick<std::string>({"MaxPool", "AveragePool"}), {x}, {{"kernel_shape", Ints{2, 2}}})
                   : add("Sigmoid", {x});
      case 10:
        return add(pick<std::string>({"Identity", "Dropout"}), {x});
      case 11:
        return add("Sigmoid", {x});
      case 12:
        return add("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}});
      case 13:
        return add("Transpose", {x}, {{"perm", Ints{0, 3, 1, 2}}});
      case 14:
        return add("Clip", {x, constant(Tensor(DType::Float32, {})), roll(2) ? constant(tensor({}, 0.5f, 2)) : kNone});
      case 15:
        return add("Concat", {x, x, x}, {{"axis", int64_t{1}}});
      case 16:
        return add("Flatten", {x});
      case 17:
        return add("Softmax", {x}, {{"axis", int64_t{1}}});
      case 19:
        return s[3] % 2 == 0 ? rotary(x, s) : add("Neg", {x});
      case 18:
        return add("Sum", {x, x, constant(tensor({1, c, 1, 1}))});
      default:
        return residual(x, s);
    }
  }

  // Adds an earlier value of the same shape, if there is one.
  ValueId residual(ValueId x, const Shape& s) {
    for (size_t i = values_.size() - 1; i-- > 0;)
      if (shape(values_[i]) == s) return add("Add", {x, values_[i]});
    return add("Mul", {x, add("Sigmoid", {x})});
  }

  // x * cos + rotate_half(x) * sin, with tables for each row of the image or for each column of the batch.
  ValueId rotary(ValueId x, const Shape& s) {
    const int64_t half = s[3] / 2;
    const Shape table = roll(2) ? Shape{1, 1, s[2], s[3]} : Shape{s[1], 1, s[3]};
    const auto part = [&](int64_t from, int64_t to) { return add("Slice", {x, ints({from}), ints({to}), ints({3})}); };
    const ValueId first = part(0, half), turned = add("Concat", {add("Neg", {part(half, INT64_MAX)}), first}, {{"axis", int64_t{-1}}});
    return add("Add", {add("Mul", {x, constant(tensor(table))}), add("Mul", {turned, constant(tensor(table))})});
  }

  ValueId matrix_layer(ValueId x, const Shape& s) {
    switch (roll(6)) {
      case 0: {
        const int64_t n = pick<int64_t>({4, 16, 10}), turned = roll(2);
        const Shape w = turned ? Shape{n, s[1]} : Shape{s[1], n};
        return add("Gemm", {x, constant(tensor(w, -0.2f, 0.2f)), constant(tensor({n}))},
                   {{"transB", turned}, {"alpha", 0.5f}});
      }
      case 1: {
        const int64_t n = pick<int64_t>({4, 16});
        const ValueId product = add("MatMul", {x, constant(tensor({s[1], n}, -0.2f, 0.2f))});
        return add("Add", {product, constant(tensor({n}))});
      }
      case 2:
        return add("Relu", {x});
      case 3:
        return add("Softmax", {x}, {{"axis", int64_t{-1}}});
      case 4:
        return add("Mul", {x, constant(tensor({1, s[1]}))});
      default:
        return add("Reshape", {add("Reshape", {x, ints({s[0], 1, s[1]})}), ints({0, -1})});
    }
  }

  std::mt19937 random_;
  Graph graph_;
  std::vector<ValueId> values_;
};

// The largest difference relative to the scale of the expected values.
inline double relative_error(const Tensor& expected, const Tensor& actual) {
  const auto a = expected.to_doubles(), b = actual.to_doubles();
  if (a.size() != b.size()) return 1e30;
  double scale = 1e-3, worst = 0;
  for (double v : a) scale = std::max(scale, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, a[i] == b[i] ? 0 : std::abs(a[i] - b[i]));
  return worst / scale;
}

}  // namespace npu::test
