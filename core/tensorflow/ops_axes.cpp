// SPDX-License-Identifier: Apache-2.0
// Operators along axes: products, reductions, softmax, joining and splitting, and those that change a shape.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/tensorflow/op.h"

namespace npu::tensorflow {
namespace {

// An input and axes in it, in the order the input is there if the result means the same.
struct Along {
  ValueId x = kNone;
  bool turned = false;
  std::vector<int64_t> axes;
};

// Axes that go, or stay with size 1. Without channels and rows or columns side by side, what is left of an image has one order.
Along along(const Op& op, size_t i, std::vector<int64_t> axes, bool keeps) {
  const auto goes = [&](int64_t axis) { return std::ranges::find(axes, axis) != axes.end(); };
  if (op.is_turned(i)) {
    for (int64_t& axis : axes) axis = op.check_axis(axis, 4);
    if (!op.ok()) return {};
    if (keeps || goes(3) || (goes(1) && goes(2))) {
      for (int64_t& axis : axes) axis = kTurnedAxis[axis];
      return {op.any(i), true, axes};
    }
  }
  return {op.plain(i), false, axes};
}

std::vector<TensorValue> reduce(const Op& op, std::string_view kind) {
  const bool keeps = op.flag("keep_dims", false);
  const Along on = along(op, 0, op.constant_ints(1, "the axis"), keeps);
  const ValueId result = op.graph.add(kind, {on.x, op.graph.ints("axes", on.axes)}, {{"keepdims", int64_t{keeps}}, {"noop_with_empty_axes", int64_t{1}}});
  return {on.turned && keeps ? TensorValue{kNone, result} : TensorValue{result, kNone}};
}

// One axis of an input that keeps its rank.
struct Axis {
  bool turned;
  int64_t axis;
};

Axis axis_of(const Op& op, size_t i, int64_t axis) {
  const bool turned = op.is_turned(i);
  const int64_t found = op.check_axis(axis, turned ? 4 : op.rank(i));
  return {turned, turned && op.ok() ? kTurnedAxis[found] : found};
}

std::vector<TensorValue> softmax_of(const Op& op, std::string_view kind) {
  const int64_t axis = op.is_turned(0) ? 1 : -1;
  return {op.like(0, op.graph.add(kind, {op.any(0)}, {{"axis", axis}}))};
}

std::vector<TensorValue> join(const Op& op, size_t first, size_t count, size_t axis_input) {
  bool turned = false;
  for (size_t i = first; i < first + count; ++i) turned |= op.is_turned(i);
  for (size_t i = first; i < first + count; ++i) turned &= op.rank(i) == 4;
  const int64_t axis = op.constant_axis(axis_input, turned ? 4 : op.rank(first));
  std::vector<ValueId> parts;
  for (size_t i = first; op.ok() && i < first + count; ++i) parts.push_back(turned ? op.channels_first(i) : op.plain(i));
  const ValueId result = op.graph.add("Concat", std::move(parts), {{"axis", turned && op.ok() ? kTurnedAxis[axis] : axis}});
  return {turned ? TensorValue{kNone, result} : TensorValue{result, kNone}};
}

// sizes: of the parts, or empty for equal ones.
std::vector<TensorValue> cut(const Op& op, size_t i, int64_t axis, size_t count, std::vector<int64_t> sizes) {
  const Axis at = axis_of(op, i, axis);
  const TensorType type = op.graph.type(op.any(i));
  std::vector<ValueId> inputs{op.any(i)};
  GraphBuilder::Attrs attrs{{"axis", at.axis}};
  if (const auto dim = static_cast<size_t>(at.axis); op.ok() && sizes.empty() && dim < type.dims.size() && type.dims[dim].known()) {
    if (count == 0 || type.dims[dim].value() % static_cast<int64_t>(count) != 0) op.invalid(fmt::format("{} cannot be split into {} equal parts", type.dims[dim].value(), count));
    else sizes.assign(count, type.dims[dim].value() / static_cast<int64_t>(count));
  }
  if (sizes.empty()) attrs["num_outputs"] = static_cast<int64_t>(count);
  else inputs.push_back(op.graph.ints("sizes", sizes));
  std::vector<TensorValue> results;
  for (const ValueId part : op.graph.add_many("Split", std::move(inputs), count, std::move(attrs))) results.push_back(at.turned ? TensorValue{kNone, part} : TensorValue{part, kNone});
  return results;
}

// How many outputs an attribute says, at most as many as a model may have.
size_t output_count(const Op& op, std::string_view attr) {
  const int64_t count = op.integer(attr, 0);
  if (count >= 1 && count <= 4096) return static_cast<size_t>(count);
  op.invalid(fmt::format("{} is {}", attr, count));
  return 1;
}

ValueId swapped(const Op& op, size_t i, bool is_swapped) {
  if (!is_swapped) return op.plain(i);
  const int64_t rank = op.rank(i);
  if (rank < 2) return op.graph.fail(ErrorKind::UnsupportedModel, fmt::format("the transposition of input {}, whose number of dimensions is not known, is not offered", i));
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return op.graph.transpose(op.plain(i), perm);
}

}  // namespace

std::vector<TensorValue> mat_mul(Op& op) { return {TensorValue{op.graph.add("MatMul", {swapped(op, 0, op.flag("transpose_a", false)), swapped(op, 1, op.flag("transpose_b", false))}), kNone}}; }
std::vector<TensorValue> batch_mat_mul(Op& op) { return {TensorValue{op.graph.add("MatMul", {swapped(op, 0, op.flag("adj_x", false)), swapped(op, 1, op.flag("adj_y", false))}), kNone}}; }

std::vector<TensorValue> reduce_max(Op& op) { return reduce(op, "ReduceMax"); }
std::vector<TensorValue> reduce_mean(Op& op) { return reduce(op, "ReduceMean"); }
std::vector<TensorValue> reduce_min(Op& op) { return reduce(op, "ReduceMin"); }
std::vector<TensorValue> reduce_sum(Op& op) { return reduce(op, "ReduceSum"); }

std::vector<TensorValue> softmax(Op& op) { return softmax_of(op, "Softmax"); }
std::vector<TensorValue> log_softmax(Op& op) { return softmax_of(op, "LogSoftmax"); }

std::vector<TensorValue> arg_max(Op& op) {
  const DType type = op.dtype("output_type", DType::Int64);
  const Along on = along(op, 0, {op.constant_axis(1, op.rank(0))}, false);
  if (!op.ok()) return {TensorValue{}};
  const ValueId found = op.graph.add("ArgMax", {on.x}, {{"axis", on.axes[0]}, {"keepdims", int64_t{0}}});
  return {TensorValue{type == DType::Int64 ? found : op.graph.add("Cast", {found}, {{"to", static_cast<int64_t>(dtype_info(type).onnx)}}), kNone}};
}

std::vector<TensorValue> concat(Op& op) { return join(op, 1, op.count() - 1, 0); }
std::vector<TensorValue> concat_v2(Op& op) { return join(op, 0, op.count() - 1, op.count() - 1); }

std::vector<TensorValue> split(Op& op) { return cut(op, 1, op.constant_axis(0, op.rank(1)), output_count(op, "num_split"), {}); }

std::vector<TensorValue> split_v(Op& op) {
  const int64_t axis = op.constant_axis(2, op.rank(0));
  std::vector<int64_t> sizes = op.constant_ints(1, "the sizes");
  const TensorType type = op.graph.type(op.any(0));
  const auto left = std::ranges::find(sizes, -1);
  if (op.ok() && left != sizes.end()) {
    const auto dim = static_cast<size_t>(op.is_turned(0) ? kTurnedAxis[axis] : axis);
    if (dim >= type.dims.size() || !type.dims[dim].known()) op.unsupported("a part of what is left of an open dimension is not offered");
    else *left = type.dims[dim].value() - (std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) + 1);
  }
  if (op.ok() && sizes.empty()) op.invalid("has no sizes");
  return op.ok() ? cut(op, 0, axis, sizes.size(), sizes) : std::vector<TensorValue>(1);
}

std::vector<TensorValue> pack(Op& op) {
  const int64_t axis = op.integer("axis", 0);
  std::vector<ValueId> parts;
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < op.count(); ++i) {
    const Tensor* values = op.graph.constant_of(op.inputs[i]->plain);
    sizes.push_back(values && values->elements() == 1 && values->dtype() != DType::String ? values->to_ints()[0] : -1);
    parts.push_back(op.graph.add("Unsqueeze", {op.plain(i), op.graph.ints("axes", {axis})}));
  }
  const ValueId result = op.graph.add("Concat", std::move(parts), {{"axis", axis}});
  if (op.rank(0) == 0) op.known[result] = std::move(sizes);
  return {TensorValue{result, kNone}};
}

std::vector<TensorValue> unpack(Op& op) {
  const size_t count = output_count(op, "num");
  const int64_t axis = op.check_axis(op.integer("axis", 0), op.rank(0));
  if (!op.ok()) return std::vector<TensorValue>(1);
  op.plain(0);
  std::vector<TensorValue> results;
  for (const TensorValue& part : cut(op, 0, axis, count, std::vector<int64_t>(count, 1)))
    results.push_back({op.graph.add("Squeeze", {part.plain, op.graph.ints("axes", {axis})}), kNone});
  return results;
}

std::vector<TensorValue> transpose(Op& op) {
  const auto perm = op.constant_ints(1, "the permutation");
  if (op.ok() && op.rank(0) >= 0 && static_cast<int64_t>(perm.size()) != op.rank(0)) op.invalid(fmt::format("a permutation of {} of {} axes", perm.size(), op.rank(0)));
  if (!op.ok()) return {TensorValue{}};
  if (perm == std::vector<int64_t>{0, 3, 1, 2}) return {TensorValue{op.channels_first(0), kNone}};
  if (perm == std::vector<int64_t>{0, 2, 3, 1}) return {TensorValue{kNone, op.plain(0)}};
  return {TensorValue{op.graph.transpose(op.plain(0), perm), kNone}};
}

std::vector<TensorValue> reshape(Op& op) {
  if (const Tensor* shape = op.graph.constant_of(op.inputs[1]->plain)) {
    const auto dims = shape->to_ints();
    if (std::ranges::find(dims, 0) != dims.end()) op.unsupported("a dimension of 0 is not offered");
    return {TensorValue{op.graph.reshape(op.plain(0), dims), kNone}};
  }
  return {TensorValue{op.graph.add("Reshape", {op.plain(0), op.as_int64(1)}), kNone}};
}

std::vector<TensorValue> squeeze(Op& op) {
  auto axes = op.ints("squeeze_dims");
  if (axes.empty()) return {TensorValue{op.graph.add("Squeeze", {op.plain(0)}), kNone}};
  const Along on = along(op, 0, std::move(axes), false);
  return {TensorValue{op.graph.add("Squeeze", {on.x, op.graph.ints("axes", on.axes)}), kNone}};
}

std::vector<TensorValue> expand_dims(Op& op) {
  const auto axis = op.constant_ints(1, "the axis");
  return {TensorValue{op.graph.add("Unsqueeze", {op.plain(0), op.graph.ints("axes", axis)}), kNone}};
}

std::vector<TensorValue> shape(Op& op) {
  ValueId dims = op.graph.add("Shape", {op.any(0)});
  if (op.is_turned(0)) dims = op.graph.add("Gather", {dims, op.graph.ints("order", {0, 2, 3, 1})}, {{"axis", int64_t{0}}});
  const DType type = op.dtype("out_type", DType::Int32);
  return {TensorValue{type == DType::Int64 ? dims : op.graph.add("Cast", {dims}, {{"to", static_cast<int64_t>(dtype_info(type).onnx)}}), kNone}};
}

std::vector<TensorValue> gather(Op& op) { return {TensorValue{op.graph.add("Gather", {op.plain(0), op.plain(1)}, {{"axis", int64_t{0}}}), kNone}}; }

std::vector<TensorValue> gather_v2(Op& op) {
  if (op.integer("batch_dims", 0) != 0) op.unsupported("batch_dims other than 0 are not offered");
  const auto axis = op.constant_ints(2, "the axis");
  if (op.ok() && axis.size() != 1) op.invalid(fmt::format("{} axes, 1 is needed", axis.size()));
  return {op.ok() ? TensorValue{op.graph.add("Gather", {op.plain(0), op.plain(1)}, {{"axis", axis[0]}}), kNone} : TensorValue{}};
}

}  // namespace npu::tensorflow
