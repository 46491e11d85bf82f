// SPDX-License-Identifier: Apache-2.0
// Windows over a line are windows over an image of one row. A convolution over a volume is one over images whose channels
// are those of the slices that a window meets, side by side; a pooling over a volume is one over images and then one
// along the depth. Large windows that do not overlap are rows of a matrix.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

using Ints = std::vector<int64_t>;

struct WindowAttrs {
  Ints kernel, strides, dilations, pads;  // pads: begins, then ends

  WindowAttrs(const Node& node, const Ints& given)
      : kernel(given), strides(node.ints_attr("strides", Ints(given.size(), 1))), dilations(node.ints_attr("dilations", Ints(given.size(), 1))),
        pads(node.ints_attr("pads", Ints(2 * given.size(), 0))) {}

  bool complete() const { return strides.size() == kernel.size() && dilations.size() == kernel.size() && pads.size() == 2 * kernel.size(); }
};

Ints kernel_of(const Decompose& d) {
  if (d.node().op != "Conv") return d.node().ints_attr("kernel_shape");
  const Shape weights = d.input_shape(1);
  return {weights.begin() + 2, weights.end()};
}

// The node's own attributes with those of `window` along the axes [first, last), in front of which stand `rows` of 1.
Decompose::Attrs attrs_of(const Node& node, const WindowAttrs& window, size_t first, size_t last, bool before, bool after) {
  const auto part = [&](const Ints& values, int64_t neutral) {
    Ints result;
    if (before) result.push_back(neutral);
    result.insert(result.end(), values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(last));
    if (after) result.push_back(neutral);
    return result;
  };
  const auto half = static_cast<std::ptrdiff_t>(window.kernel.size());
  Ints pads = part({window.pads.begin(), window.pads.begin() + half}, 0);
  const Ints ends = part({window.pads.begin() + half, window.pads.end()}, 0);
  pads.insert(pads.end(), ends.begin(), ends.end());
  Decompose::Attrs attrs = node.attrs;
  attrs["kernel_shape"] = part(window.kernel, 1);
  attrs["strides"] = part(window.strides, 1);
  attrs["dilations"] = part(window.dilations, 1);
  attrs["pads"] = pads;
  return attrs;
}

Tensor with_shape(const Tensor& tensor, const Shape& shape) { return tensor.reshaped(shape); }

// [N, C, W] -> [N, C, 1, W]
void line_to_image(Decompose& d, const WindowAttrs& window) {
  const Shape x = d.input_shape(0);
  std::vector<ValueId> inputs = d.node().inputs;
  inputs[0] = d.reshape(inputs[0], {x[0], x[1], 1, x[2]});
  if (d.node().op == "Conv") {
    const Tensor& weights = *d.constant(1);
    const Shape& w = weights.shape();
    inputs[1] = d.constant("weights", with_shape(weights, {w[0], w[1], 1, w[2]}));
  }
  d.become_reshape(d.add(d.node().op, inputs, attrs_of(d.node(), window, 0, 1, true, false)));
}

// [N, C, D, H, W]: the slices of the images as channels, pooled over H and W, then images of D rows.
void pool_volume(Decompose& d, const WindowAttrs& window) {
  const Shape x = d.input_shape(0), y = d.output_shape();
  const std::string op = d.node().op;
  const ValueId slices = d.reshape(d.node().inputs[0], {x[0], x[1] * x[2], x[3], x[4]});
  const ValueId pooled = d.add(op, {slices}, attrs_of(d.node(), window, 1, 3, false, false));
  const ValueId depths = d.reshape(pooled, {x[0], x[1], x[2], y[3] * y[4]});
  d.become_reshape(d.add(op, {depths}, attrs_of(d.node(), window, 0, 1, false, true)));
}

// [O, C/g, KD, KH, KW] -> [O, KD * C/g, KH, KW]
Tensor depth_into_channels(const Tensor& weights) {
  const Shape& w = weights.shape();
  Tensor moved(weights.dtype(), {w[0], w[2] * w[1], w[3], w[4]});
  const auto bytes = static_cast<int64_t>(dtype_size(weights.dtype())) * w[3] * w[4];
  for (int64_t o = 0; o < w[0]; ++o)
    for (int64_t c = 0; c < w[1]; ++c)
      for (int64_t z = 0; z < w[2]; ++z)
        std::ranges::copy(weights.bytes().subspan(static_cast<size_t>(((o * w[1] + c) * w[2] + z) * bytes), static_cast<size_t>(bytes)),
                          moved.mutable_bytes().begin() + ((o * w[2] + z) * w[1] + c) * bytes);
  return moved;
}

// [N, C, D, H, W] -> [N, D, g, C/g, H, W], the slices a window meets side by side in [N, Do, g, KD * C/g, H, W].
void conv_volume(Decompose& d, const WindowAttrs& window) {
  const Shape x = d.input_shape(0), y = d.output_shape();
  const int64_t group = d.node().int_attr("group", 1), depth = window.kernel[0];
  ValueId images = d.transpose(d.node().inputs[0], {0, 2, 1, 3, 4});
  images = d.reshape(images, {x[0], x[2], group, x[1] / group, x[3] * x[4]});
  if (window.pads[0] != 0 || window.pads[3] != 0)
    images = d.add("Pad", {images, d.ints("pads", {0, window.pads[0], 0, 0, 0, 0, window.pads[3], 0, 0, 0})});
  std::vector<ValueId> taps;
  for (int64_t z = 0; z < depth; ++z) taps.push_back(d.slice(images, 1, z * window.dilations[0], y[2], window.strides[0]));
  const ValueId met = taps.size() == 1 ? taps[0] : d.add("Concat", taps, {{"axis", int64_t{3}}});
  std::vector<ValueId> inputs = d.node().inputs;
  inputs[0] = d.reshape(met, {x[0] * y[2], depth * x[1], x[3], x[4]});
  inputs[1] = d.constant("weights", depth_into_channels(*d.constant(1)));
  const ValueId result = d.add("Conv", inputs, attrs_of(d.node(), window, 1, 3, false, false));
  d.become_transpose(d.reshape(result, {x[0], y[2], y[1], y[3], y[4]}), {0, 2, 1, 3, 4});
}

constexpr int64_t kMostTaps = 512;  // weights of larger kernels fill L1 for each 16 channels

// Large windows side by side (the patches of a vision transformer): each is a row of a matrix.
bool is_patches(const Decompose& d, const WindowAttrs& window) {
  const auto all = [](const Ints& values, int64_t wanted) { return std::ranges::all_of(values, [&](int64_t v) { return v == wanted; }); };
  return d.node().op == "Conv" && d.node().int_attr("group", 1) == 1 && d.node().string_attr("auto_pad", "NOTSET") == "NOTSET" && window.complete() &&
         window.kernel == window.strides && all(window.pads, 0) && all(window.dilations, 1) && window.kernel[0] * window.kernel[1] > kMostTaps &&
         d.constant(1) != nullptr && (d.node().inputs.size() < 3 || d.constant(2) != nullptr);
}

// [N, C, h * kh, w * kw] -> [N * h * w, C * kh * kw], times weights [C * kh * kw, O]
void patches_to_rows(Decompose& d, const WindowAttrs& window) {
  const Node node = d.node();
  const Shape x = d.input_shape(0), y = d.output_shape();
  const int64_t kh = window.kernel[0], kw = window.kernel[1], taps = x[1] * kh * kw;
  const ValueId whole = d.slice(d.slice(node.inputs[0], 2, 0, y[2] * kh), 3, 0, y[3] * kw);
  const ValueId windows = d.transpose(d.reshape(whole, {x[0], x[1], y[2], kh, y[3], kw}), {0, 2, 4, 1, 3, 5});
  const Tensor& weights = *d.constant(1);
  Tensor turned(weights.dtype(), {taps, y[1]});
  const size_t size = dtype_size(weights.dtype());
  for (int64_t o = 0; o < y[1]; ++o)
    for (int64_t t = 0; t < taps; ++t)
      std::ranges::copy(weights.bytes().subspan(static_cast<size_t>(o * taps + t) * size, size), turned.mutable_bytes().begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(t * y[1] + o) * size));
  ValueId rows = d.add("MatMul", {d.reshape(windows, {x[0] * y[2] * y[3], taps}), d.constant("weights", std::move(turned))});
  if (input_of(node, 2) != kNone) rows = d.add("Add", {rows, node.inputs[2]});
  d.become_transpose(d.reshape(rows, {x[0], y[2], y[3], y[1]}), {0, 3, 1, 2});
}

}  // namespace

std::optional<Left> window_to_image(Decompose& d) {
  const size_t rank = d.input_shape(0).size();
  if (rank == 4 && d.node().op == "Conv")
    if (const WindowAttrs window(d.node(), kernel_of(d)); is_patches(d, window)) return patches_to_rows(d, window), std::nullopt;
  if (rank != 3 && rank != 5) return Left{};
  if (d.node().outputs.size() > 1) return Left{"the indices are an output too"};
  if (d.node().find_attr("auto_pad") && d.node().string_attr("auto_pad", "NOTSET") != "NOTSET") return Left{"auto_pad"};
  const bool conv = d.node().op == "Conv";
  if (conv && d.constant(1) == nullptr) return Left{"weights computed at run time"};
  const WindowAttrs window(d.node(), kernel_of(d));
  if (window.kernel.size() != rank - 2 || !window.complete()) return Left{};
  if (rank == 3) line_to_image(d, window);
  else if (conv) conv_volume(d, window);
  else pool_volume(d, window);
  return std::nullopt;
}

}  // namespace npu::pass
