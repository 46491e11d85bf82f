// SPDX-License-Identifier: Apache-2.0
// LSTM and GRU: what the inputs add to the gates is one product for all steps; what is left works step by step.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

enum : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

// Why the step-by-step operator is none for this node. `activations`: how many a direction has, of which all but the first are Tanh.
std::optional<std::string> unusual(const Decompose& d, size_t activations) {
  const Node& node = d.node();
  for (const char* attr : {"activation_alpha", "activation_beta", "clip"})
    if (node.find_attr(attr)) return std::string(attr);
  if (const Attr* given = node.find_attr("activations")) {
    const auto* names = std::get_if<std::vector<std::string>>(given);
    for (size_t i = 0; names && i < names->size(); ++i)
      if ((*names)[i] != (i % activations == 0 ? "Sigmoid" : "Tanh")) return "activation " + (*names)[i];
  }
  if (node.int_attr("input_forget", 0) != 0) return "input_forget";
  if (node.int_attr("layout", 0) != 0) return "layout 1";
  if (input_of(node, kPeepholes) != kNone) return "peepholes";
  if (d.constant(kW) == nullptr || d.constant(kR) == nullptr || (input_of(node, kB) != kNone && d.constant(kB) == nullptr)) return "weights computed at run time";
  if (input_of(node, kLengths) == kNone) return std::nullopt;
  const int64_t steps = d.input_shape(kX)[0];
  const bool whole = d.constant(kLengths) != nullptr && std::ranges::all_of(d.constant(kLengths)->to_ints(), [&](int64_t n) { return n == steps; });
  return whole ? std::nullopt : std::optional<std::string>("sequences of different lengths");
}

// [input, directions * rows] of W [directions, rows, input].
Tensor turned(const Tensor& w, DType dtype) {
  const int64_t rows = w.shape()[0] * w.shape()[1], columns = w.shape()[2];
  const auto from = w.to_doubles();
  std::vector<double> to(from.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) to[static_cast<size_t>(c * rows + r)] = from[static_cast<size_t>(r * columns + c)];
  return Tensor::from<double>(DType::Float64, {columns, rows}, to).cast(dtype);
}

struct Biases {
  Tensor joined;  // [directions * rows]: those of input and state, added
  Tensor apart;   // [directions, rows - first]: what is not added, as it belongs to the state alone
};

// Of B [directions, 2 * rows], from row `first` on apart.
Biases split(const Tensor& b, int64_t first, DType dtype) {
  const int64_t directions = b.shape()[0], rows = b.shape()[1] / 2;
  const auto from = b.to_doubles();
  std::vector<double> joined, apart;
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t r = 0; r < rows; ++r) {
      const double input = from[static_cast<size_t>(2 * d * rows + r)], state = from[static_cast<size_t>((2 * d + 1) * rows + r)];
      joined.push_back(r < first ? input + state : input);
      if (r >= first) apart.push_back(state);
    }
  const auto tensor = [dtype](const Shape& shape, const std::vector<double>& values) { return Tensor::from<double>(DType::Float64, shape, values).cast(dtype); };
  return {tensor({directions * rows}, joined), tensor({directions, rows - first}, apart)};
}

DType data_type(const Decompose& d) { return d.graph().value(d.node().inputs[kX]).type.dtype; }

// What the inputs add to the gates: [steps, batch, directions * rows].
ValueId gates_of(Decompose& d, std::optional<Tensor> bias) {
  const Shape x = d.input_shape(kX);
  const ValueId weights = d.constant("weights", turned(*d.constant(kW), data_type(d)));
  ValueId gates = d.add("MatMul", {d.reshape(d.node().inputs[kX], {x[0] * x[1], x[2]}), weights});
  if (bias) gates = d.add("Add", {gates, d.constant("bias", std::move(*bias))});
  return d.reshape(gates, {x[0], x[1], d.shape(weights)[1]});
}

void become_steps(Decompose& d, std::string_view op, std::vector<ValueId> inputs) {
  while (inputs.back() == kNone) inputs.pop_back();
  d.become(op, std::move(inputs), {{"reverse", int64_t{d.node().string_attr("direction", "forward") == "reverse"}}});
}

}  // namespace

std::optional<Left> lstm_to_steps(Decompose& d) {
  if (auto reason = unusual(d, 3)) return Left{*reason};
  const Node node = d.node();
  std::optional<Tensor> bias;
  if (const Tensor* b = d.constant(kB)) bias = split(*b, b->shape()[1] / 2, data_type(d)).joined;
  become_steps(d, "DynamicLSTM", {gates_of(d, std::move(bias)), node.inputs[kR], input_of(node, kInitialH), input_of(node, kInitialC)});
  return std::nullopt;
}

std::optional<Left> gru_to_steps(Decompose& d) {
  if (auto reason = unusual(d, 2)) return Left{*reason};
  const Node node = d.node();
  if (node.int_attr("linear_before_reset", 0) == 0) return Left{"linear_before_reset 0"};
  std::optional<Tensor> bias;
  ValueId apart = kNone;
  if (const Tensor* b = d.constant(kB)) {
    Biases biases = split(*b, b->shape()[1] / 3, data_type(d));  // two gates of three
    bias = std::move(biases.joined);
    apart = d.constant("candidate_bias", std::move(biases.apart));
  }
  become_steps(d, "DynamicGRU", {gates_of(d, std::move(bias)), node.inputs[kR], input_of(node, kInitialH), apart});
  return std::nullopt;
}

}  // namespace npu::pass
