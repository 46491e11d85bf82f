// SPDX-License-Identifier: Apache-2.0
// A transposed convolution of stride s by sub-pixels: the outputs o with (o + pad) mod s = r, for one r, are an ordinary
// convolution of the input with the taps r, r + s, r + 2s ... in reverse order. One convolution makes the outputs of every
// r as channels of their own (short filters are filled up with zeros), DepthToSpace puts them side by side, and a Slice
// takes the padding away. With stride 1 it is one convolution with the filter turned around.
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"
#include "core/base/math.h"

namespace npu::pass {
namespace {

// One spatial axis; q counts the positions of the convolution, of which each stands for `stride` outputs.
struct Axis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad = 0;
  int64_t taps = 1, step = 1;     // of the convolution
  int64_t first = 0, count = 1;   // q

  int64_t reach() const { return (taps - 1) * step; }
  int64_t pad_begin() const { return reach() - first; }
  int64_t pad_end() const { return first + count - in; }
  // The tap of the given filter that tap j of the sub-filter r is, or -1 where it is a zero.
  int64_t tap(int64_t r, int64_t j) const {
    if (stride == 1) return j < kernel ? j : -1;
    const int64_t place = j * stride + r;
    return place % dilation == 0 && place / dilation < kernel ? place / dilation : -1;
  }

  void plan() {
    step = stride == 1 ? dilation : 1;
    taps = stride == 1 ? kernel : ceil_div((kernel - 1) * dilation + 1, stride);
    const int64_t last = std::max((pad + out - 1) / stride, in - 1);
    taps = std::max(taps, ceil_div(last + 1 - in, step) + 1);
    first = std::min(pad / stride, reach());
    count = last - first + 1;
  }
};

using Ints = std::vector<int64_t>;

struct Transposed {
  std::array<Axis, 3> axes;    // depth, height, width
  bool volume = false;         // else the depth is 1 and no dimension of the tensors
  int64_t channels_in = 1, channels_out = 1, group = 1;
  int64_t padded_out = 1;      // channels of each sub-pixel
  bool pixels_outside = true;  // channels in the order [sub-pixel][channel], else the other way round

  int64_t sub_pixels() const { return axes[0].stride * axes[1].stride * axes[2].stride; }
  int64_t channel(int64_t pixel, int64_t c) const { return pixels_outside ? pixel * padded_out + c : c * sub_pixels() + pixel; }
  // One number an axis of the tensors.
  template <class F>
  Ints each(F&& value) const {
    Ints numbers;
    for (size_t i = volume ? 0 : 1; i < axes.size(); ++i) numbers.push_back(value(axes[i]));
    return numbers;
  }
};

std::optional<Transposed> read(const Decompose& d) {
  const Node& node = d.node();
  const Shape x = d.input_shape(0), w = d.input_shape(1), y = d.output_shape();
  const size_t spatial = x.size() - 2;
  const auto list = [&](std::string_view name, int64_t fallback) {
    auto values = node.ints_attr(name);
    return values.empty() ? std::vector<int64_t>(spatial, fallback) : values;
  };
  const auto strides = list("strides", 1), dilations = list("dilations", 1), extra = list("output_padding", 0);
  auto pads = node.ints_attr("pads");
  const std::string mode = node.string_attr("auto_pad", "NOTSET");
  if (pads.empty() || mode == "VALID") pads.assign(2 * spatial, 0);
  if (strides.size() != spatial || dilations.size() != spatial || extra.size() != spatial || pads.size() != 2 * spatial) return std::nullopt;
  Transposed t;
  t.channels_in = x[1], t.channels_out = y[1], t.group = node.int_attr("group", 1), t.volume = spatial == 3;
  for (size_t i = 0; i < spatial; ++i) {
    Axis& axis = t.axes[3 - spatial + i];
    axis = {.in = x[i + 2], .out = y[i + 2], .kernel = w[i + 2], .stride = strides[i], .dilation = dilations[i], .pad = pads[i]};
    if (mode.starts_with("SAME") || !node.ints_attr("output_shape").empty()) {
      const int64_t full = axis.stride * (axis.in - 1) + extra[i] + (axis.kernel - 1) * axis.dilation + 1;
      const int64_t sum = std::max<int64_t>(0, full - axis.out);
      axis.pad = mode == "SAME_UPPER" ? sum / 2 : sum - sum / 2;
    }
    axis.plan();
  }
  t.pixels_outside = t.group == 1;
  const bool blocks = t.pixels_outside && !t.volume && t.axes[1].stride == t.axes[2].stride && t.sub_pixels() > 1;
  t.padded_out = blocks ? align_up(t.channels_out, 16) : t.channels_out;
  return t;
}

// Element [c, o, k of each axis] of the given filter for tap j of each axis of sub-pixel r, or -1 where the tap is a zero.
int64_t source_tap(const Transposed& t, const std::array<int64_t, 3>& r, const std::array<int64_t, 3>& j) {
  int64_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    const int64_t k = t.axes[i].tap(r[i], j[i]);
    if (k < 0) return -1;
    at = at * t.axes[i].kernel + k;
  }
  return at;
}

// [C, O/g, kernel] -> [channels of all sub-pixels, C/g, taps]
Tensor sub_filters(const Tensor& weights, const Transposed& t) {
  const Tensor wide = weights.cast(DType::Float32);
  const auto from = wide.data<float>();
  const auto& [depth, height, width] = t.axes;
  const int64_t in = t.channels_in / t.group, out = t.channels_out / t.group;
  const int64_t taps = depth.taps * height.taps * width.taps, kernel = depth.kernel * height.kernel * width.kernel;
  Shape shape{t.padded_out * t.sub_pixels(), in};
  std::ranges::copy(t.each([](const Axis& axis) { return axis.taps; }), std::back_inserter(shape));
  Tensor filters(DType::Float32, shape);
  const auto to = filters.mutable_data<float>();
  for (int64_t pixel = 0; pixel < t.sub_pixels(); ++pixel) {
    const std::array<int64_t, 3> r{pixel / (height.stride * width.stride), pixel / width.stride % height.stride, pixel % width.stride};
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t k = source_tap(t, r, {tap / (height.taps * width.taps), tap / width.taps % height.taps, tap % width.taps});
      if (k < 0) continue;
      for (int64_t o = 0; o < t.channels_out; ++o)
        for (int64_t c = 0; c < in; ++c)
          to[static_cast<size_t>((t.channel(pixel, o) * in + c) * taps + taps - 1 - tap)] = from[static_cast<size_t>(((o / out * in + c) * out + o % out) * kernel + k)];
    }
  }
  return filters.cast(weights.dtype());
}

Tensor sub_bias(const Tensor& bias, const Transposed& t) {
  const Tensor wide = bias.cast(DType::Float32);
  Tensor repeated(DType::Float32, {t.padded_out * t.sub_pixels()});
  for (int64_t pixel = 0; pixel < t.sub_pixels(); ++pixel)
    for (int64_t o = 0; o < t.channels_out; ++o)
      repeated.mutable_data<float>()[static_cast<size_t>(t.channel(pixel, o))] = wide.data<float>()[static_cast<size_t>(o)];
  return repeated.cast(bias.dtype());
}

// [N, channels of all sub-pixels, positions of each axis] -> [N, padded_out, positions * stride of each axis]
ValueId side_by_side(Decompose& d, ValueId pixels, const Transposed& t) {
  const auto strides = t.each([](const Axis& axis) { return axis.stride; });
  const auto count = static_cast<int64_t>(strides.size());
  if (t.sub_pixels() == 1) return pixels;
  if (count == 2 && strides[0] == strides[1])
    return d.add("DepthToSpace", {pixels}, {{"blocksize", strides[0]}, {"mode", std::string(t.pixels_outside ? "DCR" : "CRD")}});
  const Shape s = d.shape(pixels);
  const int64_t pixel_axis = t.pixels_outside ? 1 : 2, channel_axis = t.pixels_outside ? 1 + count : 1;
  Shape apart{s[0]}, whole{s[0], t.padded_out};
  if (!t.pixels_outside) apart.push_back(t.padded_out);
  apart.insert(apart.end(), strides.begin(), strides.end());
  if (t.pixels_outside) apart.push_back(t.padded_out);
  apart.insert(apart.end(), s.begin() + 2, s.end());
  Ints perm{0, channel_axis};
  for (int64_t i = 0; i < count; ++i) {
    perm.push_back(2 + count + i), perm.push_back(pixel_axis + i);
    whole.push_back(s[static_cast<size_t>(2 + i)] * strides[static_cast<size_t>(i)]);
  }
  return d.reshape(d.transpose(d.reshape(pixels, apart), perm), whole);
}

}  // namespace

std::optional<Left> conv_transpose_to_conv(Decompose& d) {
  const Shape x = d.input_shape(0);
  if (x.size() > 5) return Left{fmt::format("{}-D transposed convolution", x.size() - 2)};
  const bool has_bias = input_of(d.node(), 2) != kNone;
  if (d.constant(1) == nullptr) return Left{"weights computed at run time"};
  if (has_bias && d.constant(2) == nullptr) return Left{"bias computed at run time"};
  const auto t = read(d);
  if (!t) return Left{};
  for (const Axis& axis : t->axes)
    if (axis.reach() > 2 * axis.kernel * axis.dilation + 2) return Left{fmt::format("output_shape {} is far beyond the {} inputs of stride {}", axis.out, axis.in, axis.stride)};
  Shape images{x[0], x[1]};
  std::ranges::copy(t->each([](const Axis& axis) { return axis.in; }), std::back_inserter(images));
  std::vector<ValueId> inputs{d.reshape(d.node().inputs[0], images), d.constant("weights", sub_filters(*d.constant(1), *t))};
  if (has_bias) inputs.push_back(d.constant("bias", sub_bias(*d.constant(2), *t)));
  Ints pads = t->each([](const Axis& axis) { return axis.pad_begin(); });
  std::ranges::copy(t->each([](const Axis& axis) { return axis.pad_end(); }), std::back_inserter(pads));
  const ValueId pixels = d.add("Conv", inputs,
                               {{"dilations", t->each([](const Axis& axis) { return axis.step; })},
                                {"group", t->group},
                                {"kernel_shape", t->each([](const Axis& axis) { return axis.taps; })},
                                {"pads", pads},
                                {"strides", t->each([](const Axis&) { return int64_t{1}; })}});
  ValueId result = side_by_side(d, pixels, *t);
  const auto begins = t->each([](const Axis& axis) { return axis.pad - axis.first * axis.stride; }), sizes = t->each([](const Axis& axis) { return axis.out; });
  for (size_t i = 0; i < sizes.size(); ++i) result = d.slice(result, static_cast<int64_t>(i) + 2, begins[i], sizes[i]);
  result = d.slice(result, 1, 0, t->channels_out);
  d.become_reshape(result);
  return std::nullopt;
}

}  // namespace npu::pass
