// SPDX-License-Identifier: Apache-2.0
// LSTM: what the inputs add to the gates is one product for all steps; what is left works step by step.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

enum : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

std::optional<std::string> unusual(const Decompose& d) {
  const Node& node = d.node();
  for (const char* attr : {"activation_alpha", "activation_beta", "clip"})
    if (node.find_attr(attr)) return std::string(attr);
  if (const Attr* given = node.find_attr("activations")) {
    const auto* names = std::get_if<std::vector<std::string>>(given);
    for (size_t i = 0; names && i < names->size(); ++i)
      if ((*names)[i] != (i % 3 == 0 ? "Sigmoid" : "Tanh")) return "activation " + (*names)[i];
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

// The biases of input and state, added: [directions * rows] of B [directions, 2 * rows].
Tensor joined(const Tensor& b, DType dtype) {
  const int64_t directions = b.shape()[0], rows = b.shape()[1] / 2;
  const auto from = b.to_doubles();
  std::vector<double> to;
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t r = 0; r < rows; ++r) to.push_back(from[static_cast<size_t>(2 * d * rows + r)] + from[static_cast<size_t>((2 * d + 1) * rows + r)]);
  return Tensor::from<double>(DType::Float64, {directions * rows}, to).cast(dtype);
}

}  // namespace

std::optional<Left> lstm_to_steps(Decompose& d) {
  if (auto reason = unusual(d)) return Left{*reason};
  const Node node = d.node();
  const Shape x = d.input_shape(kX);
  const DType dtype = d.graph().value(node.inputs[kX]).type.dtype;
  const ValueId weights = d.constant("weights", turned(*d.constant(kW), dtype));
  ValueId gates = d.add("MatMul", {d.reshape(node.inputs[kX], {x[0] * x[1], x[2]}), weights});
  if (input_of(node, kB) != kNone) gates = d.add("Add", {gates, d.constant("bias", joined(*d.constant(kB), dtype))});
  gates = d.reshape(gates, {x[0], x[1], d.shape(weights)[1]});
  std::vector<ValueId> inputs{gates, node.inputs[kR], input_of(node, kInitialH), input_of(node, kInitialC)};
  while (inputs.back() == kNone) inputs.pop_back();
  d.become("DynamicLSTM", inputs, {{"reverse", int64_t{node.string_attr("direction", "forward") == "reverse"}}});
  return std::nullopt;
}

}  // namespace npu::pass
