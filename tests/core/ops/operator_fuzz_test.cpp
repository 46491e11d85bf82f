// SPDX-License-Identifier: Apache-2.0
// Every operator on random nodes: no crash, and what infer promises from less knowledge is what reference gives.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "tests/core/ops/op_case.h"

using namespace npu;
using namespace npu::test;

namespace {

class Fuzzer {
 public:
  explicit Fuzzer(uint64_t seed) : random_(seed) {}

  size_t below(size_t n) { return random_() % n; }
  bool one_in(size_t n) { return below(n) == 0; }
  template <size_t N, class T>
  T pick(const T (&choices)[N]) { return choices[below(N)]; }

  DType dtype() {
    // Most nodes should get past the type checks.
    if (!one_in(4)) return favourite_;
    return pick({DType::Float32, DType::Float16, DType::Float64, DType::Int8, DType::Int32, DType::Int64, DType::UInt8, DType::Bool,
                 DType::Float8E4M3FN, DType::Int4, DType::String});
  }

  Shape shape() {
    if (one_in(3)) return favourite_shape_;
    Shape shape;
    for (size_t rank = below(6); rank-- > 0;) shape.push_back(one_in(12) ? 0 : static_cast<int64_t>(1 + below(4)));
    return shape;
  }

  Tensor tensor() {
    if (one_in(3)) {  // a small list of numbers, as axes, shapes, sizes are
      std::vector<int64_t> values(below(6));
      for (auto& value : values) value = small();
      return ints(std::move(values));
    }
    const DType type = dtype();
    Tensor doubles(DType::Float64, shape());
    for (double& value : doubles.mutable_data<double>()) value = static_cast<double>(small()) / (is_float(type) ? 2 : 1);
    if (!is_string(type)) return doubles.cast(type);
    std::vector<std::string> texts;
    for (const double value : doubles.to_doubles()) texts.push_back(fmt::format("{}", value));
    return Tensor::of_strings(doubles.shape(), std::move(texts));
  }

  int64_t small() {
    if (one_in(40)) return pick({INT64_MIN, INT64_MAX, int64_t{1} << 40, int64_t{-1} << 33});
    return static_cast<int64_t>(below(8)) - 2;
  }

  Attr attr(AttrKind kind) {
    switch (kind) {
      case AttrKind::Int: return small();
      case AttrKind::Float: return static_cast<float>(small()) / 2;
      case AttrKind::String: return std::string(pick({"constant", "reflect", "edge", "wrap", "DCR", "CRD", "nearest", "linear", "cubic",
                                                      "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "asymmetric", "half_pixel", "", "LEFT", "TF", "none",
                                                      "sum", "mean", "forward", "bidirectional", "LOWER", "[a-z]+", "...,...->...", "standard", "gated", "zeros", "max"}));
      case AttrKind::Ints: {
        std::vector<int64_t> values(below(6));
        for (auto& value : values) value = small();
        return values;
      }
      case AttrKind::Floats: return std::vector<float>(below(4), static_cast<float>(small()));
      case AttrKind::Strings: return std::vector<std::string>(below(3), "x");
      case AttrKind::Tensor: return tensor();
      case AttrKind::Graph: return body();
      case AttrKind::Type: return TensorType::of(DType::Float32, Shape{2});
    }
    return int64_t{0};
  }

  // A sub-graph that hands its inputs on.
  Subgraph body() {
    Graph graph;
    for (size_t i = below(4); i-- > 0;) graph.inputs.push_back(graph.add_value("b" + std::to_string(i), {}));
    for (ValueId id : graph.inputs)
      if (!one_in(4)) graph.outputs.push_back(id);
    return std::make_shared<const Graph>(std::move(graph));
  }

  Node node(const OpDef& def) {
    favourite_ = pick({DType::Float32, DType::Float32, DType::Int64, DType::Float16, DType::Bool, DType::Int8, DType::UInt8, DType::String});
    favourite_shape_ = Shape();
    favourite_shape_ = shape();
    Attrs attrs;
    for (const AttrDef& row : def.attrs)
      if (row.fallback == "required" ? !one_in(20) : one_in(2)) attrs[std::string(row.name)] = attr(row.kind);
    const auto count = [&](int low, int high) {
      const int top = std::min(high, low + 3);
      return static_cast<size_t>(low) + below(static_cast<size_t>(top - low + 1));
    };
    Node result = node_of(std::string(def.name), std::move(attrs), count(def.min_outputs, def.max_outputs));
    result.inputs.resize(count(def.min_inputs, def.max_inputs));
    return result;
  }

  // The type with some knowledge taken away.
  TensorType blurred(const Tensor& tensor) {
    TensorType type = TensorType::of(tensor.dtype(), tensor.shape());
    if (one_in(8)) return {tensor.dtype(), false, {}};
    for (size_t i = 0; i < type.dims.size(); ++i)
      if (one_in(2)) type.dims[i] = one_in(2) ? Dim() : Dim("d" + std::to_string(type.dims[i].value()));  // equal symbols are equal sizes
    return type;
  }

 private:
  std::mt19937_64 random_;
  DType favourite_ = DType::Float32;
  Shape favourite_shape_;
};

// Whether a concrete shape is one the type allows ("d7" stands for 7).
bool allows(const TensorType& type, const Tensor& tensor) {
  if (type.dtype != tensor.dtype()) return false;
  if (!type.has_rank) return true;
  if (type.dims.size() != tensor.shape().size()) return false;
  for (size_t i = 0; i < type.dims.size(); ++i) {
    const Dim& dim = type.dims[i];
    const int64_t actual = tensor.shape()[i];
    if (dim.known() ? dim.value() != actual : !dim.symbol().empty() && dim.symbol() != "d" + std::to_string(actual)) return false;
  }
  return true;
}

// Infers with blurred types and without most values; the results must fit whatever is inferred.
std::string check_inference(Fuzzer& fuzzer, const Node& original, const std::vector<Tensor>& inputs, const std::vector<Tensor>& results) {
  Graph graph;
  graph.opset = 18;
  Node node = original;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].empty()) node.inputs[i] = kNone;
    else if (fuzzer.one_in(3)) node.inputs[i] = graph.add_constant("c" + std::to_string(i), inputs[i]);
    else node.inputs[i] = graph.add_value("i" + std::to_string(i), fuzzer.blurred(inputs[i]));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) node.outputs[i] = graph.add_value("o" + std::to_string(i), {});
  const auto outputs = node.outputs;
  std::string types;
  for (ValueId id : node.inputs) types += id == kNone ? "- " : to_string(graph.value(id).type) + " ";
  const NodeId id = graph.append(std::move(node));
  if (const auto status = infer_node(graph, id); !status) return types + status.error().message();
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!allows(graph.value(outputs[i]).type, results[i]))
      return fmt::format("{}: output {} inferred {}, is {}", types, i, to_string(graph.value(outputs[i]).type),
                         to_string(TensorType::of(results[i].dtype(), results[i].shape())));
  return "";
}

}  // namespace

TEST_CASE("random nodes: every operator runs or says why not, and inference agrees with reference") {
  size_t ran = 0, operators_that_ran = 0;
  for (const OpDef* def : all_ops()) {
    size_t before = ran;
    for (uint64_t seed = 0; seed < 400; ++seed) {
      CAPTURE(def->name);
      CAPTURE(seed);
      Fuzzer fuzzer(seed);
      const Node node = fuzzer.node(*def);
      std::vector<Tensor> inputs(node.inputs.size());
      for (Tensor& input : inputs)
        if (!fuzzer.one_in(12)) input = fuzzer.tensor();
      const auto results = run_reference(node, 18, inputs);
      if (!results) {
        CHECK(!results.error().what.empty());
        continue;
      }
      ++ran;
      const std::string disagreement = check_inference(fuzzer, node, inputs, *results);
      CHECK(disagreement == "");
    }
    operators_that_ran += ran > before;
  }
  MESSAGE(fmt::format("{} nodes ran, of {} of {} operators", ran, operators_that_ran, all_ops().size()));
  // Sequences, sub-graphs that fit and five inputs that belong together do not come about at random.
  CHECK(operators_that_ran * 20 > all_ops().size() * 13);
}
