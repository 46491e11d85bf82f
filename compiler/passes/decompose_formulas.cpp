// SPDX-License-Identifier: Apache-2.0
// Operators that a short formula of others gives: sums of logarithms, norms, choices, bounds that are computed.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

DType dtype_of(const Decompose& d, size_t input = 0) { return d.graph().value(d.node().inputs[input]).type.dtype; }

ValueId number(Decompose& d, const char* what, float value) {
  return d.constant(what, Tensor::from<float>(DType::Float32, {}, {&value, 1}).cast(dtype_of(d)));
}

// A reduction over the axes of the node that is left, which keeps them as 1.
ValueId reduce(Decompose& d, std::string_view op, ValueId from, ValueId axes) {
  std::vector<ValueId> inputs{from};
  if (axes != kNone) inputs.push_back(axes);
  return d.add(op, inputs, {{"keepdims", int64_t{1}}});
}

// Nothing to reduce, or axes that are not known.
bool keeps_everything(const Decompose& d) {
  const Tensor* axes = d.constant(1);
  if (input_of(d.node(), 1) != kNone && !axes) return true;
  return (!axes || axes->elements() == 0) && d.node().int_attr("noop_with_empty_axes", 0) != 0;
}

}  // namespace

std::optional<Left> xor_to_equal(Decompose& d) {
  const ValueId equal = d.add("Equal", d.node().inputs);
  d.become("Not", {equal});
  return std::nullopt;
}

std::optional<Left> is_nan_to_equal(Decompose& d) {
  const ValueId x = d.node().inputs[0];
  const ValueId equal = d.add("Equal", {x, x});
  d.become("Not", {equal});
  return std::nullopt;
}

std::optional<Left> is_inf_to_equal(Decompose& d) {
  const bool negative = d.node().int_attr("detect_negative", 1) != 0, positive = d.node().int_attr("detect_positive", 1) != 0;
  if (!negative && !positive) return Left{"neither sign is asked for"};
  const ValueId x = d.node().inputs[0];
  const ValueId read = negative && positive ? d.add("Abs", {x}) : x;
  const ValueId infinity = number(d, "infinity", positive ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity());
  d.become("Equal", {read, infinity});
  return std::nullopt;
}

std::optional<Left> clip_to_extremes(Decompose& d) {
  const std::vector<ValueId> inputs = d.node().inputs;
  const auto computed = [&](size_t i) { return i < inputs.size() && inputs[i] != kNone && !d.graph().is_constant(inputs[i]); };
  if (!computed(1) && !computed(2)) return Left{};
  ValueId result = inputs[0];
  if (inputs.size() > 1 && inputs[1] != kNone) result = d.add("Max", {result, inputs[1]});
  if (inputs.size() > 2 && inputs[2] != kNone) d.become("Min", {result, inputs[2]});
  else d.become_reshape(result);
  return std::nullopt;
}

std::optional<Left> trilu_to_choice(Decompose& d) {
  if (input_of(d.node(), 1) != kNone && !d.constant(1)) return Left{"k is computed at run time"};
  const Shape x = d.input_shape(0);
  const int64_t rows = x[x.size() - 2], columns = x.back();
  const int64_t k = d.constant(1) ? d.constant(1)->to_ints()[0] : 0;
  const bool upper = d.node().int_attr("upper", 1) != 0;
  Tensor kept(DType::Bool, {rows, columns});
  const auto flags = kept.mutable_bytes();
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t above = i % columns - i / columns;
    flags[static_cast<size_t>(i)] = static_cast<std::byte>(upper ? above >= k : above <= k);
  }
  const ValueId mask = d.constant("kept", std::move(kept)), zero = number(d, "zero", 0);
  d.become("Where", {mask, d.node().inputs[0], zero});
  return std::nullopt;
}

std::optional<Left> lp_normalization_to_quotient(Decompose& d) {
  const Shape x = d.input_shape(0);
  const auto axis = axis_of(d.node(), -1, x.size());
  if (!axis) return Left{};
  const ValueId source = d.node().inputs[0];
  const ValueId norm = reduce(d, d.node().int_attr("p", 2) == 1 ? "ReduceL1" : "ReduceL2", source, d.ints("axes", {*axis}));
  // 0 / 0 is 0 here: no norm of fp16 values but 0 is below the smallest of them.
  const ValueId divisor = d.add("Max", {norm, number(d, "least", 0x1p-24f)});
  d.become("Div", {source, divisor});
  return std::nullopt;
}

std::optional<Left> reduce_log_sum_to_log(Decompose& d) {
  if (keeps_everything(d)) return Left{};
  const ValueId sums = reduce(d, "ReduceSum", d.node().inputs[0], input_of(d.node(), 1));
  d.become_reshape(d.add("Log", {sums}));
  return std::nullopt;
}

// max + ln(sum of e^(x - max))
std::optional<Left> reduce_log_sum_exp_to_log(Decompose& d) {
  if (keeps_everything(d)) return Left{};
  const ValueId source = d.node().inputs[0], axes = input_of(d.node(), 1);
  const ValueId largest = reduce(d, "ReduceMax", source, axes);
  const ValueId powers = d.add("Exp", {d.add("Sub", {source, largest})});
  const ValueId logs = d.add("Log", {reduce(d, "ReduceSum", powers, axes)});
  d.become_reshape(d.add("Add", {logs, largest}));
  return std::nullopt;
}

std::optional<Left> mean_to_sum(Decompose& d) {
  const std::vector<ValueId> inputs = d.node().inputs;
  ValueId sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) sum = d.add("Add", {sum, inputs[i]});
  const ValueId share = number(d, "share", 1.0f / static_cast<float>(inputs.size()));
  d.become("Mul", {sum, share});
  return std::nullopt;
}

std::optional<Left> gated_to_product(Decompose& d) {
  const std::vector<ValueId> inputs = d.node().inputs;
  const ValueId gate = d.add("Swish", {inputs[0]}, {{"alpha", d.node().float_attr("alpha", 1)}});
  d.become("Mul", {gate, inputs[1]});
  return std::nullopt;
}

}  // namespace npu::pass
