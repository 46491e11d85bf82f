// SPDX-License-Identifier: Apache-2.0
// Operators along axes: products, reductions, softmax, joining and splitting, and those that change a shape.
#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "core/mindir/op.h"

namespace npu::mindir {
namespace {

Item tensor(ValueId value) { return {value, nullptr, nullptr}; }

ValueId swapped(Op& op, size_t i, std::string_view attr, size_t input) {
  const auto asked = op.given(attr, input);
  if (!op.ok() || !asked || asked->empty() || (*asked)[0] == 0) return op.ok() ? op.value(i) : kNone;
  const int64_t rank = op.rank(i);
  if (rank < 2) op.invalid(fmt::format("input {} is no matrix", i));
  if (!op.ok()) return kNone;
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return op.graph.transpose(op.value(i), perm);
}

// Over all axes where none are named.
Item reduce(Op& op, std::string_view kind) {
  const auto axes = op.given("axis", 1).value_or(std::vector<int64_t>{});
  const auto keeps = op.given("keep_dims", 2);
  std::vector<ValueId> inputs{op.value(0)};
  if (!axes.empty()) inputs.push_back(op.graph.ints("axes", axes));
  return tensor(op.graph.add(kind, std::move(inputs), {{"keepdims", int64_t{keeps && !keeps->empty() && (*keeps)[0] != 0}}}));
}

Item softmax_of(Op& op, std::string_view kind) { return tensor(op.graph.add(kind, {op.value(0)}, {{"axis", op.axis("axis", 1, -1, op.rank(0))}})); }

}  // namespace

Item mat_mul(Op& op) {
  const ValueId a = swapped(op, 0, "transpose_a", 2), b = swapped(op, 1, "transpose_b", 3);
  return tensor(op.graph.add("MatMul", {a, b}));
}

// x times the transposed weights [out, in], and a bias.
Item dense(Op& op) {
  const ValueId product = op.graph.add("MatMul", {op.value(0), op.graph.transpose(op.value(1), {1, 0})});
  return tensor(op.count() == 3 && op.inputs[2].value != kNone ? op.graph.add("Add", {product, op.value(2)}) : product);
}

Item reduce_max(Op& op) { return reduce(op, "ReduceMax"); }
Item reduce_mean(Op& op) { return reduce(op, "ReduceMean"); }
Item reduce_min(Op& op) { return reduce(op, "ReduceMin"); }
Item reduce_sum(Op& op) { return reduce(op, "ReduceSum"); }
Item softmax(Op& op) { return softmax_of(op, "Softmax"); }
Item log_softmax(Op& op) { return softmax_of(op, "LogSoftmax"); }

Item arg_max(Op& op) {
  const int64_t axis = op.axis("axis", 1, -1, op.rank(0));
  const DType type = op.has("output_type") || op.count() > 2 ? op.dtype("output_type", 2) : DType::Int32;
  if (!op.ok()) return {};
  const ValueId found = op.graph.add("ArgMax", {op.value(0)}, {{"axis", axis}, {"keepdims", int64_t{0}}});
  return tensor(op.graph.add("Cast", {found}, {{"to", static_cast<int64_t>(dtype_info(type).onnx)}}));
}

Item concat(Op& op) {
  const auto parts = op.tuple(0);
  if (!op.ok()) return {};
  return tensor(op.graph.add("Concat", parts, {{"axis", op.axis("axis", 1, 0, static_cast<int64_t>(op.graph.type(parts[0]).dims.size()))}}));
}

Item split(Op& op) {
  const int64_t axis = op.axis("axis", 1, 0, op.rank(0)), count = op.required("output_num", 2).empty() ? 0 : op.required("output_num", 2)[0];
  const Dim size = op.ok() ? op.type(0).dims[static_cast<size_t>(axis)] : Dim();
  if (op.ok() && (count < 1 || count > 4096 || !size.known() || size.value() % count != 0)) op.invalid(fmt::format("{} equal parts of {}", count, to_string(Dims{size})));
  if (!op.ok()) return {};
  const std::vector<int64_t> sizes(static_cast<size_t>(count), size.value() / count);
  return tuple_of(op.graph.add_many("Split", {op.value(0), op.graph.ints("sizes", sizes)}, sizes.size(), {{"axis", axis}}));
}

Item flatten(Op& op) { return tensor(op.graph.add("Flatten", {op.value(0)}, {{"axis", int64_t{1}}})); }

Item reshape(Op& op) {
  const auto dims = op.required("shape", 1);
  if (std::ranges::find(dims, 0) != dims.end()) op.unsupported("a dimension of 0 is not offered");
  return tensor(op.ok() ? op.graph.reshape(op.value(0), dims) : kNone);
}

Item transpose(Op& op) {
  const auto perm = op.required("perm", 1);
  if (op.ok() && static_cast<int64_t>(perm.size()) != op.rank(0)) op.invalid(fmt::format("a permutation of {} of {} axes", perm.size(), op.rank(0)));
  return tensor(op.ok() ? op.graph.transpose(op.value(0), perm) : kNone);
}

Item squeeze(Op& op) {
  const auto axes = op.given("axis", 1).value_or(std::vector<int64_t>{});
  return tensor(axes.empty() ? op.graph.add("Squeeze", {op.value(0)}) : op.graph.add("Squeeze", {op.value(0), op.graph.ints("axes", axes)}));
}

Item expand_dims(Op& op) { return tensor(op.graph.add("Unsqueeze", {op.value(0), op.graph.ints("axes", op.required("axis", 1))})); }

Item gather(Op& op) {
  const auto batch = op.given("batch_dims", 3);
  if (batch && !batch->empty() && (*batch)[0] != 0) op.unsupported("batch_dims other than 0 are not offered");
  return tensor(op.graph.add("Gather", {op.value(0), op.value(1)}, {{"axis", op.axis("axis", 2, 0, op.rank(0))}}));
}

// paddings: begin and end of each dimension.
Item pad(Op& op) {
  const auto amounts = op.ints("paddings");
  const size_t rank = amounts.size() / 2;
  if (amounts.size() != 2 * rank || static_cast<int64_t>(rank) != op.rank(0)) op.invalid(fmt::format("{} paddings for {} dimensions", amounts.size(), op.rank(0)));
  std::vector<int64_t> pads(2 * rank);
  for (size_t i = 0; op.ok() && i < rank; ++i) pads[i] = amounts[2 * i], pads[i + rank] = amounts[2 * i + 1];
  return tensor(op.graph.add("Pad", {op.value(0), op.graph.ints("pads", pads)}));
}

Item strided_slice(Op& op) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  const auto begin = op.required("begin", 1), end = op.required("end", 2), steps = op.required("strides", 3);
  if (op.integer("ellipsis_mask", 0) != 0 || op.integer("new_axis_mask", 0) != 0) op.unsupported("ellipsis_mask and new_axis_mask are not offered");
  if (op.ok() && (begin.size() != end.size() || begin.size() != steps.size() || begin.size() > 32)) op.invalid(fmt::format("{} begins, {} ends, {} strides", begin.size(), end.size(), steps.size()));
  const int64_t from_first = op.integer("begin_mask", 0), to_last = op.integer("end_mask", 0), shrinks = op.integer("shrink_axis_mask", 0);
  std::vector<int64_t> starts, ends, by, axes, shrunk;
  for (size_t i = 0; op.ok() && i < begin.size(); ++i) {
    const bool shrink = (shrinks >> i & 1) != 0;
    if (steps[i] < 1) op.unsupported(fmt::format("stride {} is not offered", steps[i]));
    axes.push_back(static_cast<int64_t>(i));
    starts.push_back((from_first >> i & 1) != 0 && !shrink ? 0 : begin[i]);
    ends.push_back(shrink ? (begin[i] == -1 ? kEnd : begin[i] + 1) : (to_last >> i & 1) != 0 ? kEnd : end[i]);
    by.push_back(shrink ? 1 : steps[i]);
    if (shrink) shrunk.push_back(static_cast<int64_t>(i));
  }
  const ValueId cut = op.graph.add("Slice", {op.value(0), op.graph.ints("starts", starts), op.graph.ints("ends", ends), op.graph.ints("axes", axes), op.graph.ints("steps", by)});
  return tensor(shrunk.empty() ? cut : op.graph.add("Squeeze", {cut, op.graph.ints("shrunk", shrunk)}));
}

}  // namespace npu::mindir
