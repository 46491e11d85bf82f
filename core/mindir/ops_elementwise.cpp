// SPDX-License-Identifier: Apache-2.0
// Operators on each element, with parameters of all, or of a channel.
#include <fmt/format.h>

#include "core/mindir/op.h"

namespace npu::mindir {
namespace {

Item tensor(ValueId value) { return {value, nullptr, nullptr}; }

// A vector of channels, ready to meet an input of this rank in a broadcast.
ValueId of_channels(Op& op, size_t i) {
  std::vector<int64_t> shape(static_cast<size_t>(std::max<int64_t>(op.rank(0), 2)) - 1, 1);
  shape[0] = -1;
  return op.graph.reshape(op.value(i), shape);
}

}  // namespace

Item elu(Op& op) { return tensor(op.graph.add("Elu", {op.value(0)}, {{"alpha", op.number("alpha", 1)}})); }
Item hard_sigmoid(Op& op) { return tensor(op.graph.add("HardSigmoid", {op.value(0)}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}})); }
Item relu6(Op& op) { return tensor(op.graph.add("Clip", {op.value(0), op.graph.number("low", 0), op.graph.number("high", 6)})); }
Item rsqrt(Op& op) { return tensor(op.graph.add("Reciprocal", {op.graph.add("Sqrt", {op.value(0)})})); }
Item square(Op& op) { return tensor(op.graph.add("Mul", {op.value(0), op.value(0)})); }
Item prelu(Op& op) { return tensor(op.graph.add("PRelu", {op.value(0), of_channels(op, 1)})); }
Item add_n(Op& op) { return tensor(op.graph.add("Sum", op.tuple(0))); }

Item bias_add(Op& op) {
  op.need_nchw();
  return tensor(op.graph.add("Add", {op.value(0), of_channels(op, 1)}));
}

// The first of its five results; the others are statistics.
Item batch_norm(Op& op) {
  op.need_nchw();
  if (op.flag("is_training", false)) op.unsupported("is_training: true (statistics of the batch) is not offered: export the network for inference");
  return tuple_of({op.graph.add("BatchNormalization", op.values(), {{"epsilon", op.number("epsilon", 1e-5f)}})});
}

Item cast(Op& op) {
  const DType to = op.dtype("dst_type", 1);
  return tensor(op.ok() ? op.graph.add("Cast", {op.value(0)}, {{"to", static_cast<int64_t>(dtype_info(to).onnx)}}) : kNone);
}

Item pass_on(Op& op) { return op.inputs[0]; }
Item nothing(Op&) { return {}; }
Item make_tuple(Op& op) { return {kNone, std::make_shared<const std::vector<Item>>(op.inputs), nullptr}; }

Item tuple_get_item(Op& op) {
  const auto index = op.required("index", 1);
  if (op.ok() && (!op.inputs[0].parts || index.size() != 1)) op.invalid("takes no item of a tuple");
  if (!op.ok()) return {};
  const auto& parts = *op.inputs[0].parts;
  if (index[0] >= 0 && static_cast<uint64_t>(index[0]) < parts.size()) return parts[static_cast<size_t>(index[0])];
  op.unsupported(fmt::format("item {} of a tuple of which {} are offered", index[0], parts.size()));
  return {};
}

}  // namespace npu::mindir
