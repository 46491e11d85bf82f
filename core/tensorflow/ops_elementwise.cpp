// SPDX-License-Identifier: Apache-2.0
// Operators on each element: an image stays as its producer made it.
#include <algorithm>

#include <fmt/format.h>

#include "core/tensorflow/op.h"

namespace npu::tensorflow {
namespace {

std::vector<TensorValue> unary(Op& op, std::string_view kind, GraphBuilder::Attrs attrs = {}) { return {op.like(0, op.graph.add(kind, {op.any(0)}, std::move(attrs)))}; }

// Can the operand meet images of NCHW in a broadcast?
bool can_turn(const Op& op, size_t i) {
  const int64_t rank = op.rank(i);
  return rank == 4 || rank == 1 || rank == 0;
}

// A vector is one of channels there.
ValueId turned(const Op& op, size_t i) {
  if (op.rank(i) == 4) return op.channels_first(i);
  if (op.rank(i) == 0) return op.plain(i);
  if (const Tensor* values = op.graph.constant_of(op.inputs[i]->plain)) return op.graph.constant("channels", values->reshaped({values->elements(), 1, 1}));
  return op.graph.reshape(op.plain(i), {-1, 1, 1});
}

struct Operands {
  std::vector<ValueId> values;
  bool turned = false;
};

Operands operands(const Op& op) {
  Operands found;
  for (size_t i = 0; i < op.count(); ++i) found.turned |= op.is_turned(i);
  for (size_t i = 0; i < op.count(); ++i) found.turned &= can_turn(op, i);
  for (size_t i = 0; i < op.count(); ++i) found.values.push_back(found.turned ? turned(op, i) : op.plain(i));
  return found;
}

TensorValue result_of(const Operands& operands, ValueId result) { return operands.turned ? TensorValue{kNone, result} : TensorValue{result, kNone}; }

std::vector<TensorValue> elementwise(Op& op, std::string_view kind) {
  const Operands all = operands(op);
  return {result_of(all, op.graph.add(kind, all.values))};
}

}  // namespace

std::vector<TensorValue> abs(Op& op) { return unary(op, "Abs"); }
std::vector<TensorValue> ceil(Op& op) { return unary(op, "Ceil"); }
std::vector<TensorValue> elu(Op& op) { return unary(op, "Elu"); }
std::vector<TensorValue> erf(Op& op) { return unary(op, "Erf"); }
std::vector<TensorValue> exponential(Op& op) { return unary(op, "Exp"); }
std::vector<TensorValue> floor(Op& op) { return unary(op, "Floor"); }
std::vector<TensorValue> logarithm(Op& op) { return unary(op, "Log"); }
std::vector<TensorValue> negate(Op& op) { return unary(op, "Neg"); }
std::vector<TensorValue> relu(Op& op) { return unary(op, "Relu"); }
std::vector<TensorValue> selu(Op& op) { return unary(op, "Selu"); }
std::vector<TensorValue> sigmoid(Op& op) { return unary(op, "Sigmoid"); }
std::vector<TensorValue> softplus(Op& op) { return unary(op, "Softplus"); }
std::vector<TensorValue> softsign(Op& op) { return unary(op, "Softsign"); }
std::vector<TensorValue> square_root(Op& op) { return unary(op, "Sqrt"); }
std::vector<TensorValue> tanh(Op& op) { return unary(op, "Tanh"); }
std::vector<TensorValue> leaky_relu(Op& op) { return unary(op, "LeakyRelu", {{"alpha", op.number("alpha", 0.2f)}}); }
std::vector<TensorValue> pass_on(Op& op) { return {*op.inputs[0]}; }

std::vector<TensorValue> cast(Op& op) {
  const DType to = op.dtype("DstT", DType::Undefined);
  if (to == DType::Undefined) op.invalid("has no DstT");
  return op.ok() ? unary(op, "Cast", {{"to", static_cast<int64_t>(dtype_info(to).onnx)}}) : std::vector<TensorValue>(1);
}

std::vector<TensorValue> relu6(Op& op) {
  const ValueId x = op.any(0);
  return {op.like(0, op.graph.add("Clip", {x, op.number_like("low", x, 0), op.number_like("high", x, 6)}))};
}

std::vector<TensorValue> rsqrt(Op& op) { return {op.like(0, op.graph.add("Reciprocal", {op.graph.add("Sqrt", {op.any(0)})}))}; }
std::vector<TensorValue> square(Op& op) { return {op.like(0, op.graph.add("Mul", {op.any(0), op.any(0)}))}; }

std::vector<TensorValue> add(Op& op) { return elementwise(op, "Add"); }
std::vector<TensorValue> add_n(Op& op) { return elementwise(op, "Sum"); }
std::vector<TensorValue> divide(Op& op) { return elementwise(op, "Div"); }
std::vector<TensorValue> maximum(Op& op) { return elementwise(op, "Max"); }
std::vector<TensorValue> minimum(Op& op) { return elementwise(op, "Min"); }
std::vector<TensorValue> multiply(Op& op) { return elementwise(op, "Mul"); }
std::vector<TensorValue> power(Op& op) { return elementwise(op, "Pow"); }
std::vector<TensorValue> subtract(Op& op) { return elementwise(op, "Sub"); }

std::vector<TensorValue> squared_difference(Op& op) {
  const Operands both = operands(op);
  const ValueId difference = op.graph.add("Sub", both.values);
  return {result_of(both, op.graph.add("Mul", {difference, difference}))};
}

std::vector<TensorValue> bias_add(Op& op) {
  if (op.is_nhwc()) return elementwise(op, "Add");
  std::vector<int64_t> shape(static_cast<size_t>(std::max<int64_t>(op.rank(0), 2)) - 1, 1);
  if (op.rank(0) < 0) shape.assign(3, 1);
  shape[0] = -1;
  return {TensorValue{op.graph.add("Add", {op.plain(0), op.graph.reshape(op.plain(1), shape)}), kNone}};
}

std::vector<TensorValue> fused_batch_norm(Op& op) {
  if (op.flag("is_training", true)) op.unsupported("is_training: true (statistics of the batch) is not offered: freeze the graph for inference");
  return {op.image_result(op.graph.add("BatchNormalization", {op.image(0), op.plain(1), op.plain(2), op.plain(3), op.plain(4)}, {{"epsilon", op.number("epsilon", 1e-4f)}}))};
}

}  // namespace npu::tensorflow
