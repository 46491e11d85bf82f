// SPDX-License-Identifier: Apache-2.0
// Layers along an axis: products, softmax, and those that move data.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/caffe/layer.h"

namespace npu::caffe {
namespace {

int64_t product_from(Layer& layer, size_t axis) {
  int64_t product = 1;
  for (size_t i = axis; i < layer.rank(); ++i)
    if (__builtin_mul_overflow(product, layer.dim(i), &product)) layer.invalid(fmt::format("its input {} is too large", to_string(layer.bottom_type().dims)));
  return product;
}

// One of two spellings of an axis, the older of which counts from the front only.
size_t axis_or(Layer& layer, std::string_view old) {
  if (!layer.params.has(old)) return layer.axis("axis", 1);
  if (layer.params.has("axis")) layer.invalid(fmt::format("axis and {} exclude each other", old));
  return layer.axis(old, 1);
}

}  // namespace

std::vector<ValueId> inner_product(Layer& layer) {
  const int64_t outputs = layer.params.integer("num_output", 0);
  const size_t axis = layer.axis("axis", 1);
  const bool transposed = layer.params.flag("transpose", false), has_bias = layer.params.flag("bias_term", true);
  if (outputs < 1) layer.invalid(fmt::format("num_output is {}", outputs));
  if (!layer.ok()) return {kNone};
  GraphBuilder& graph = layer.graph;
  const int64_t inputs = product_from(layer, axis);
  if (axis == 1) {
    std::vector<ValueId> operands{layer.rank() == 2 ? layer.bottom() : graph.add("Flatten", {layer.bottom()}, {{"axis", int64_t{1}}}),
                                  graph.constant("weights", layer.blob(0, transposed ? Shape{inputs, outputs} : Shape{outputs, inputs}))};
    if (has_bias) operands.push_back(graph.constant("bias", layer.blob(1, {outputs})));
    return {graph.add("Gemm", std::move(operands), {{"transB", int64_t{!transposed}}})};
  }
  std::vector<int64_t> rows(axis, 0);
  rows.push_back(inputs);
  ValueId weights = graph.constant("weights", layer.blob(0, transposed ? Shape{inputs, outputs} : Shape{outputs, inputs}));
  if (!transposed) weights = graph.transpose(weights, {1, 0});
  const ValueId product = graph.add("MatMul", {graph.reshape(layer.bottom(), rows), weights});
  return {has_bias ? graph.add("Add", {product, graph.constant("bias", layer.blob(1, {outputs}))}) : product};
}

std::vector<ValueId> softmax(Layer& layer) { return {layer.graph.add("Softmax", {layer.bottom()}, {{"axis", static_cast<int64_t>(layer.axis("axis", 1))}})}; }

std::vector<ValueId> concat(Layer& layer) {
  const auto axis = static_cast<int64_t>(axis_or(layer, "concat_dim"));
  return {layer.bottoms.size() == 1 ? layer.bottom() : layer.graph.add("Concat", layer.bottoms, {{"axis", axis}})};
}

std::vector<ValueId> slice(Layer& layer) {
  const size_t axis = axis_or(layer, "slice_dim"), count = layer.tops.size();
  std::vector<int64_t> points = layer.params.integers("slice_point");
  const int64_t size = layer.ok() ? layer.dim(axis) : 0;
  if (points.empty() && size % static_cast<int64_t>(count) == 0)
    for (size_t i = 1; i < count; ++i) points.push_back(size / static_cast<int64_t>(count) * static_cast<int64_t>(i));
  points.insert(points.begin(), 0);
  points.push_back(size);
  if (points.size() != count + 1 || !std::ranges::is_sorted(points, std::ranges::less_equal{})) layer.invalid(fmt::format("{} cannot be sliced into {} tops at these points", size, count));
  if (!layer.ok()) return std::vector<ValueId>(count, kNone);
  if (count == 1) return {layer.bottom()};
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < count; ++i) sizes.push_back(points[i + 1] - points[i]);
  return layer.graph.add_many("Split", {layer.bottom(), layer.graph.ints("sizes", sizes)}, count, {{"axis", static_cast<int64_t>(axis)}});
}

std::vector<ValueId> flatten(Layer& layer) {
  const size_t first = layer.axis("axis", 1), last = layer.axis("end_axis", -1);
  if (layer.ok() && last < first) layer.invalid(fmt::format("end_axis is before axis {}", first));
  if (!layer.ok()) return {kNone};
  std::vector<int64_t> shape(first, 0);
  shape.push_back(-1);
  for (size_t i = last + 1; i < layer.rank(); ++i) shape.push_back(layer.dim(i));
  return {layer.graph.reshape(layer.bottom(), shape)};
}

// Replaces the axes [axis, axis + num_axes) by `shape`, where 0 copies a dimension and -1 is what is left.
std::vector<ValueId> reshape(Layer& layer) {
  const size_t axis = layer.axis("axis", 0, true);
  const int64_t count = layer.params.integer("num_axes", -1);
  const std::vector<int64_t> dims = layer.params.message_integers("shape", "dim");
  if (count < -1 || (count >= 0 && axis + static_cast<size_t>(count) > layer.rank())) layer.invalid(fmt::format("num_axes is {} from axis {} on, its input has {} dimensions", count, axis, layer.rank()));
  if (!layer.ok()) return {kNone};
  const size_t end = count == -1 ? layer.rank() : axis + static_cast<size_t>(count);
  std::vector<int64_t> shape(axis, 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < -1 || (dims[i] == 0 && axis + i >= end)) layer.invalid(fmt::format("dim {} of shape is {}", i, dims[i]));
    shape.push_back(dims[i]);
  }
  for (size_t i = end; i < layer.rank(); ++i) shape.push_back(shape.size() == i ? 0 : layer.dim(i));
  return {layer.graph.reshape(layer.bottom(), shape)};
}

std::vector<ValueId> permute(Layer& layer) {
  std::vector<int64_t> perm = layer.params.integers("order");
  const auto rank = static_cast<int64_t>(layer.rank());
  for (int64_t i = 0; i < rank; ++i)
    if (std::ranges::find(perm, i) == perm.end()) perm.push_back(i);
  std::vector<int64_t> sorted = perm;
  std::ranges::sort(sorted);
  if (static_cast<int64_t>(sorted.size()) != rank || std::ranges::adjacent_find(sorted) != sorted.end()) layer.invalid(fmt::format("order is no permutation of the {} axes", rank));
  return {layer.graph.transpose(layer.bottom(), perm)};
}

// The first bottom, cut to the size of the second from `axis` on.
std::vector<ValueId> crop(Layer& layer) {
  const size_t axis = layer.axis("axis", 2), count = layer.rank() - axis;
  std::vector<int64_t> starts = layer.params.integers("offset"), ends, axes;
  if (starts.empty()) starts = {0};
  if (starts.size() == 1) starts.resize(count, starts[0]);
  if (starts.size() != count || layer.rank(1) != layer.rank()) layer.invalid(fmt::format("{} offsets, {} axes are cropped", starts.size(), count));
  for (size_t i = 0; layer.ok() && i < count; ++i) {
    ends.push_back(starts[i] + layer.dim(axis + i, 1));
    axes.push_back(static_cast<int64_t>(axis + i));
    if (starts[i] < 0 || ends[i] > layer.dim(axis + i)) layer.invalid(fmt::format("[{}, {}) is outside of its input at axis {}", starts[i], ends[i], axis + i));
  }
  return {layer.graph.add("Slice", {layer.bottom(), layer.graph.ints("starts", starts), layer.graph.ints("ends", ends), layer.graph.ints("axes", axes)})};
}

// Indices as float32; without an axis those of each item of the batch, as [N, 1, 1].
std::vector<ValueId> arg_max(Layer& layer) {
  if (layer.params.flag("out_max_val", false) || layer.params.integer("top_k", 1) != 1) layer.unsupported("out_max_val and top_k above 1 are not offered");
  const bool has_axis = layer.params.has("axis");
  const auto axis = static_cast<int64_t>(has_axis ? layer.axis("axis", 0) : 1);
  const ValueId from = has_axis ? layer.bottom() : layer.graph.add("Flatten", {layer.bottom()}, {{"axis", int64_t{1}}});
  const ValueId found = layer.graph.add("ArgMax", {from}, {{"axis", axis}, {"keepdims", int64_t{1}}});
  const ValueId indices = layer.graph.add("Cast", {found}, {{"to", static_cast<int64_t>(dtype_info(DType::Float32).onnx)}});
  if (has_axis) return {indices};
  std::vector<int64_t> shape(std::max<size_t>(layer.rank(), 3), 1);
  shape[0] = 0;
  return {layer.graph.reshape(indices, shape)};
}

std::vector<ValueId> tile(Layer& layer) {
  const size_t axis = layer.axis("axis", 1);
  std::vector<int64_t> repeats(layer.rank(), 1);
  if (!layer.ok()) return {kNone};
  repeats[axis] = layer.params.integer("tiles", 1);
  if (repeats[axis] < 1) layer.invalid(fmt::format("tiles is {}", repeats[axis]));
  return {layer.graph.add("Tile", {layer.bottom(), layer.graph.ints("repeats", repeats)})};
}

std::vector<ValueId> reduction(Layer& layer) {
  constexpr std::string_view kOps[] = {"", "ReduceSum", "ReduceL1", "ReduceSumSquare", "ReduceMean"};
  const size_t operation = layer.params.choice("operation", {"", "SUM", "ASUM", "SUMSQ", "MEAN"}, 1), first = layer.axis("axis", 0);
  const float coefficient = layer.params.number("coeff", 1);
  if (operation == 0) layer.invalid("operation 0 is not known");
  if (!layer.ok()) return {kNone};
  std::vector<int64_t> axes(layer.rank() - first);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  const ValueId reduced = layer.graph.add(kOps[operation], {layer.bottom(), layer.graph.ints("axes", axes)}, {{"keepdims", int64_t{0}}});
  return {coefficient == 1 ? reduced : layer.graph.add("Mul", {reduced, layer.graph.number("coeff", coefficient)})};
}

std::vector<ValueId> shuffle_channel(Layer& layer) {
  const int64_t group = layer.params.integer("group", 1);
  if (layer.rank() != 4) layer.invalid(fmt::format("its input {} is no image", to_string(layer.bottom_type().dims)));
  if (layer.ok() && (group < 1 || layer.dim(1) % group != 0)) layer.invalid(fmt::format("group {} does not divide {} channels", group, layer.dim(1)));
  if (!layer.ok()) return {kNone};
  const int64_t channels = layer.dim(1), height = layer.dim(2), width = layer.dim(3);
  const ValueId grouped = layer.graph.reshape(layer.bottom(), {0, group, channels / group, height, width});
  return {layer.graph.reshape(layer.graph.transpose(grouped, {0, 2, 1, 3, 4}), {0, channels, height, width})};
}

}  // namespace npu::caffe
