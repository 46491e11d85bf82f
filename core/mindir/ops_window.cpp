// SPDX-License-Identifier: Apache-2.0
// Operators on images: convolutions, pooling, resizing.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/mindir/op.h"

namespace npu::mindir {
namespace {

using Attrs = GraphBuilder::Attrs;

// Of one, two or four numbers (N, C, H, W) those of height and width.
std::vector<int64_t> spatial(const Op& op, std::string_view attr, int64_t fallback) {
  const auto values = op.ints(attr);
  if (values.empty()) return {fallback, fallback};
  if (values.size() == 1) return {values[0], values[0]};
  if (values.size() == 2) return values;
  if (values.size() == 4) return {values[2], values[3]};
  op.invalid(fmt::format("{} has {} values", attr, values.size()));
  return {fallback, fallback};
}

enum class PadMode { Pad, Same, Valid };  // with MindSpore's numbers

PadMode pad_mode(const Op& op) {
  std::string text = op.text("pad_mode");
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.empty() && op.has("pad_mode")) text = op.integer("pad_mode", 0) == 0 ? "pad" : op.integer("pad_mode", 0) == 1 ? "same" : "valid";
  if (text == "same") return PadMode::Same;
  if (text == "valid" || text.empty()) return PadMode::Valid;
  if (text != "pad") op.unsupported(fmt::format("pad_mode '{}' is not offered; offered: same, valid, pad", text));
  return PadMode::Pad;
}

// Top, bottom, left, right of the file as ONNX has them: the beginnings, then the ends.
std::vector<int64_t> pads(const Op& op) {
  auto list = op.ints("pad_list");
  if (list.size() != 4) list = op.ints("pad");
  if (list.size() == 1) list.resize(4, list[0]);
  if (list.empty()) return {0, 0, 0, 0};
  if (list.size() != 4) {
    op.invalid(fmt::format("pad has {} values", list.size()));
    return {0, 0, 0, 0};
  }
  return {list[0], list[2], list[1], list[3]};
}

void set_padding(const Op& op, Attrs& attrs) {
  const PadMode mode = pad_mode(op);
  if (mode == PadMode::Pad) attrs["pads"] = pads(op);
  else attrs["auto_pad"] = std::string(mode == PadMode::Same ? "SAME_UPPER" : "VALID");
}

int64_t group_of(const Op& op) { return op.integer("group", op.integer("groups", 1)); }

// Of weights [O, I, H, W]; ones after an error.
Shape weight_shape(const Op& op, size_t i) {
  const TensorType type = op.type(i);
  if (type.is_static() && type.dims.size() == 4) return to_shape(type.dims);
  op.unsupported(fmt::format("weights of {} are not offered", to_string(type)));
  return {1, 1, 1, 1};
}

Item pool(Op& op, std::string_view kind) {
  op.need_nchw();
  Attrs attrs{{"kernel_shape", spatial(op, op.has("kernel_size") ? "kernel_size" : "ksize", 1)}, {"strides", spatial(op, "strides", 1)}};
  set_padding(op, attrs);
  if (pad_mode(op) == PadMode::Pad) op.unsupported("pad_mode 'pad' is not offered for pooling; offered: same, valid");
  return {op.graph.add(kind, {op.value(0)}, std::move(attrs)), nullptr, nullptr};
}

Item resize(Op& op, bool linear) {
  const auto size = op.ints("size");
  const bool corners = op.flag("align_corners", false), centers = op.flag("half_pixel_centers", false);
  const TensorType type = op.type(0);
  if (size.size() != 2 || corners + centers > 1) op.invalid(fmt::format("size has {} numbers, align_corners is {}, half_pixel_centers {}", size.size(), corners, centers));
  if (op.ok() && (type.dims.size() != 4 || !type.dims[0].known() || !type.dims[1].known())) op.unsupported(fmt::format("an input {} is not offered", to_string(type)));
  if (!op.ok()) return {};
  const ValueId sizes = op.graph.ints("sizes", {type.dims[0].value(), type.dims[1].value(), size[0], size[1]});
  return {op.graph.add("Resize", {op.value(0), kNone, kNone, sizes},
                       {{"mode", std::string(linear ? "linear" : "nearest")}, {"coordinate_transformation_mode", std::string(corners ? "align_corners" : centers ? "half_pixel" : "asymmetric")},
                        {"nearest_mode", std::string(corners || centers ? "round_prefer_ceil" : "floor")}}),
          nullptr, nullptr};
}

}  // namespace

Item conv2d(Op& op) {
  op.need_nchw();
  const Shape weights = weight_shape(op, 1);
  Attrs attrs{{"kernel_shape", std::vector{weights[2], weights[3]}}, {"strides", spatial(op, "stride", 1)}, {"dilations", spatial(op, "dilation", 1)}, {"group", group_of(op)}};
  set_padding(op, attrs);
  return {op.graph.add("Conv", op.values(), std::move(attrs)), nullptr, nullptr};
}

// To the size of input 2: what a window and its padding make more or less of it is padding, or added at the end.
Item conv2d_transpose(Op& op) {
  op.need_nchw();
  const Shape weights = weight_shape(op, 1);
  const auto sizes = op.required("input_size", 2), strides = spatial(op, "stride", 1), dilations = spatial(op, "dilation", 1);
  const TensorType type = op.type(0);
  const PadMode mode = pad_mode(op);
  auto padding = mode == PadMode::Pad ? pads(op) : std::vector<int64_t>(4);
  std::vector<int64_t> extra(2);
  if (op.ok() && (sizes.size() != 4 || type.dims.size() != 4)) op.invalid(fmt::format("a result of {} numbers from {}", sizes.size(), to_string(type)));
  for (size_t i = 0; op.ok() && i < 2; ++i) {
    const Dim in = type.dims[i + 2];
    const auto is_small = [](int64_t number) { return number >= 1 && number <= INT32_MAX; };
    if (!in.known() || !is_small(sizes[i + 2]) || !is_small(strides[i]) || !is_small(dilations[i]) || !is_small(in.value())) {
      op.unsupported(fmt::format("{} pixels from {} with stride {} are not offered", sizes[i + 2], to_string(type), strides[i]));
      break;
    }
    const int64_t full = (in.value() - 1) * strides[i] + (weights[i + 2] - 1) * dilations[i] + 1;
    if (mode == PadMode::Same) padding[i] = std::max<int64_t>(0, full - sizes[i + 2]) / 2, padding[i + 2] = std::max<int64_t>(0, full - sizes[i + 2]) - padding[i];
    extra[i] = sizes[i + 2] - (full - padding[i] - padding[i + 2]);
    if (extra[i] < 0) op.invalid(fmt::format("{} pixels, the windows make {}", sizes[i + 2], sizes[i + 2] - extra[i]));
  }
  if (!op.ok()) return {};
  return {op.graph.add("ConvTranspose", {op.value(0), op.value(1)},
                       {{"kernel_shape", std::vector{weights[2], weights[3]}}, {"strides", strides}, {"dilations", dilations}, {"group", group_of(op)}, {"pads", padding}, {"output_padding", extra}}),
          nullptr, nullptr};
}

Item max_pool(Op& op) { return pool(op, "MaxPool"); }
Item avg_pool(Op& op) { return pool(op, "AveragePool"); }
Item resize_bilinear(Op& op) { return resize(op, true); }
Item resize_nearest(Op& op) { return resize(op, false); }

}  // namespace npu::mindir
