// SPDX-License-Identifier: Apache-2.0
// Operators on images: convolutions, pooling, resizing.
#include <algorithm>

#include <fmt/format.h>

#include "core/base/math.h"
#include "core/tensorflow/op.h"

namespace npu::tensorflow {
namespace {

using Attrs = GraphBuilder::Attrs;

// SAME puts the odd element of padding at the end, as SAME_UPPER does.
void set_padding(const Op& op, Attrs& attrs) {
  const std::string padding = op.text("padding", "");
  if (padding == "SAME" || padding == "VALID") {
    attrs["auto_pad"] = std::string(padding == "SAME" ? "SAME_UPPER" : "VALID");
    return;
  }
  const auto pads = op.ints("explicit_paddings");  // begin and end of each dimension
  const size_t first = op.is_nhwc() ? 2 : 4;
  if (padding != "EXPLICIT" || pads.size() != 8) return op.invalid(fmt::format("padding '{}' with {} explicit paddings", padding, pads.size()));
  attrs["pads"] = std::vector{pads[first], pads[first + 2], pads[first + 1], pads[first + 3]};
}

// Height, width and two numbers of channels; ones after an error.
Shape filter_shape(const Op& op, size_t i) {
  const TensorType type = op.graph.type(op.plain(i));
  if (type.is_static() && type.dims.size() == 4) return to_shape(type.dims);
  op.unsupported(fmt::format("a filter of {} is not offered", to_string(type)));
  return {1, 1, 1, 1};
}

Attrs filter_attrs(const Op& op, const Shape& filter) {
  Attrs attrs{{"kernel_shape", std::vector{filter[0], filter[1]}}, {"strides", op.spatial("strides", 1)}, {"dilations", op.spatial("dilations", 1)}};
  set_padding(op, attrs);
  return attrs;
}

std::vector<TensorValue> pool(const Op& op, std::string_view kind) {
  Attrs attrs{{"kernel_shape", op.spatial("ksize", 1)}, {"strides", op.spatial("strides", 1)}};
  set_padding(op, attrs);
  return {op.image_result(op.graph.add(kind, {op.image(0)}, std::move(attrs)))};
}

// How the source of a pixel is found.
struct Sampling {
  std::string_view mode, coordinates, nearest;
};

Sampling sampling(const Op& op, bool linear) {
  const bool corners = op.flag("align_corners", false), centers = op.flag("half_pixel_centers", false);
  if (corners && centers) op.invalid("align_corners and half_pixel_centers exclude each other");
  const std::string_view coordinates = corners ? "align_corners" : centers ? "half_pixel" : "asymmetric";
  // floor((i + 0.5) * scale) is half_pixel's coordinate, rounded to the nearest.
  return {linear ? "linear" : "nearest", coordinates, corners || centers ? "round_prefer_ceil" : "floor"};
}

std::vector<TensorValue> resize(Op& op, bool linear) {
  const ValueId x = op.channels_first(0);
  const Sampling how = sampling(op, linear);
  Attrs attrs{{"mode", std::string(how.mode)}, {"coordinate_transformation_mode", std::string(how.coordinates)}, {"nearest_mode", std::string(how.nearest)}};
  const Tensor* sizes = op.graph.constant_of(op.inputs[1]->plain);
  const TensorType type = op.graph.type(x);
  if (sizes && sizes->elements() == 2 && type.dims.size() == 4 && type.dims[0].known() && type.dims[1].known()) {
    const auto size = sizes->to_ints();
    return {TensorValue{kNone, op.graph.add("Resize", {x, kNone, kNone, op.graph.ints("sizes", {type.dims[0].value(), type.dims[1].value(), size[0], size[1]})}, std::move(attrs))}};
  }
  attrs["axes"] = std::vector<int64_t>{2, 3};
  return {TensorValue{kNone, op.graph.add("Resize", {x, kNone, kNone, op.as_int64(1)}, std::move(attrs))}};
}

std::vector<TensorValue> move_blocks(const Op& op, std::string_view kind) {
  return {op.image_result(op.graph.add(kind, {op.image(0)}, {{"blocksize", op.integer("block_size", 2)}}))};
}

}  // namespace

std::vector<TensorValue> conv2d(Op& op) {
  const Shape filter = filter_shape(op, 1);
  const ValueId x = op.image(0);
  const TensorType type = op.graph.type(x);
  int64_t group = 1;
  if (type.dims.size() == 4 && type.dims[1].known()) {
    if (filter[2] < 1 || type.dims[1].value() % filter[2] != 0) op.invalid(fmt::format("a filter {} for {} channels", to_string(filter), type.dims[1].value()));
    else group = type.dims[1].value() / filter[2];
  }
  Attrs attrs = filter_attrs(op, filter);
  attrs["group"] = group;
  return {op.image_result(op.graph.add("Conv", {x, op.graph.transpose(op.plain(1), {3, 2, 0, 1})}, std::move(attrs)))};
}

// Each channel has filters of its own: [height, width, channels, multiplier].
std::vector<TensorValue> depthwise_conv2d(Op& op) {
  const Shape filter = filter_shape(op, 1);
  Attrs attrs = filter_attrs(op, filter);
  attrs["group"] = filter[2];
  const ValueId turned = op.graph.transpose(op.plain(1), {2, 3, 0, 1});
  const ValueId weights = op.graph.reshape(turned, {-1, 1, filter[0], filter[1]});
  return {op.image_result(op.graph.add("Conv", {op.image(0), weights}, std::move(attrs)))};
}

// The gradient of a convolution by its input, which is a transposed convolution to the sizes of input 0.
std::vector<TensorValue> conv2d_backprop_input(Op& op) {
  const Shape filter = filter_shape(op, 1);
  const auto sizes = op.known_ints(0, "the size of the result");
  const auto strides = op.spatial("strides", 1);
  const std::string padding = op.text("padding", "");
  if (padding != "SAME" && padding != "VALID") op.unsupported(fmt::format("padding '{}' is not offered; offered: SAME, VALID", padding));
  if (op.spatial("dilations", 1) != std::vector<int64_t>{1, 1}) op.unsupported("dilations are not offered");
  if (op.ok() && sizes.size() != 4) op.invalid(fmt::format("a size of {} numbers", sizes.size()));
  std::vector<int64_t> pads(4), extra(2);
  for (size_t i = 0; op.ok() && i < 2; ++i) {
    const int64_t size = sizes[i + (op.is_nhwc() ? 1 : 2)], kernel = filter[i], stride = strides[i];
    if (size < 1 || size > INT32_MAX || stride < 1 || stride > INT32_MAX) {
      op.unsupported(fmt::format("size {} with stride {} is not offered (a size of -1 is computed when the model runs)", size, stride));
      break;
    }
    const int64_t steps = padding == "SAME" ? ceil_div(size, stride) : ceil_div(size - kernel + 1, stride), full = (steps - 1) * stride + kernel;
    const int64_t padded = std::max<int64_t>(0, full - size);
    pads[i] = padded / 2, pads[i + 2] = padded - padded / 2, extra[i] = std::max<int64_t>(0, size - full);
  }
  if (!op.ok()) return {TensorValue{}};
  const ValueId weights = op.graph.transpose(op.plain(1), {3, 2, 0, 1});
  Attrs attrs{{"kernel_shape", std::vector{filter[0], filter[1]}}, {"strides", strides}, {"pads", pads}, {"output_padding", extra}};
  return {op.image_result(op.graph.add("ConvTranspose", {op.image(2), weights}, std::move(attrs)))};
}

std::vector<TensorValue> max_pool(Op& op) { return pool(op, "MaxPool"); }
std::vector<TensorValue> avg_pool(Op& op) { return pool(op, "AveragePool"); }
std::vector<TensorValue> resize_bilinear(Op& op) { return resize(op, true); }
std::vector<TensorValue> resize_nearest(Op& op) { return resize(op, false); }
std::vector<TensorValue> depth_to_space(Op& op) { return move_blocks(op, "DepthToSpace"); }
std::vector<TensorValue> space_to_depth(Op& op) { return move_blocks(op, "SpaceToDepth"); }

// x / (bias + alpha * sum of 2 * radius + 1 squares)^beta
std::vector<TensorValue> lrn(Op& op) {
  const int64_t size = 2 * std::clamp<int64_t>(op.integer("depth_radius", 5), 0, INT32_MAX) + 1;
  return {TensorValue{kNone, op.graph.add("LRN", {op.channels_first(0)}, {{"size", size}, {"alpha", op.number("alpha", 1) * static_cast<float>(size)}, {"beta", op.number("beta", 0.5f)}, {"bias", op.number("bias", 1)}})}};
}

}  // namespace npu::tensorflow
