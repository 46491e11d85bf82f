// SPDX-License-Identifier: Apache-2.0
// A transposed convolution of stride s by sub-pixels: the outputs o with (o + pad) mod s = r, for one r, are an ordinary
// convolution of the input with the taps r, r + s, r + 2s ... in reverse order. One convolution makes the outputs of every
// r as channels of their own (short filters are filled up with zeros), DepthToSpace puts them side by side, and a Slice
// takes the padding away. With stride 1 it is one convolution with the filter turned around.
#include <algorithm>
#include <array>

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

struct Transposed {
  std::array<Axis, 2> axes;
  int64_t channels_in = 1, channels_out = 1, group = 1;
  int64_t padded_out = 1;      // channels of each sub-pixel
  bool pixels_outside = true;  // channels in the order [sub-pixel][channel], else the other way round

  int64_t sub_pixels() const { return axes[0].stride * axes[1].stride; }
  int64_t channel(int64_t pixel, int64_t c) const { return pixels_outside ? pixel * padded_out + c : c * sub_pixels() + pixel; }
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
  t.channels_in = x[1], t.channels_out = y[1], t.group = node.int_attr("group", 1);
  for (size_t i = 0; i < spatial; ++i) {
    Axis& axis = t.axes[2 - spatial + i];
    axis = {.in = x[i + 2], .out = y[i + 2], .kernel = w[i + 2], .stride = strides[i], .dilation = dilations[i], .pad = pads[i]};
    if (mode.starts_with("SAME") || !node.ints_attr("output_shape").empty()) {
      const int64_t full = axis.stride * (axis.in - 1) + extra[i] + (axis.kernel - 1) * axis.dilation + 1;
      const int64_t sum = std::max<int64_t>(0, full - axis.out);
      axis.pad = mode == "SAME_UPPER" ? sum / 2 : sum - sum / 2;
    }
    axis.plan();
  }
  t.pixels_outside = t.group == 1;
  const bool blocks = t.pixels_outside && t.axes[0].stride == t.axes[1].stride && t.sub_pixels() > 1;
  t.padded_out = blocks ? align_up(t.channels_out, 16) : t.channels_out;
  return t;
}

// [C, O/g, kh, kw] -> [channels of all sub-pixels, C/g, taps, taps]
Tensor sub_filters(const Tensor& weights, const Transposed& t) {
  const Tensor wide = weights.cast(DType::Float32);
  const auto from = wide.data<float>();
  const auto& [h, w] = t.axes;
  const int64_t in = t.channels_in / t.group, out = t.channels_out / t.group;
  Tensor filters(DType::Float32, {t.padded_out * t.sub_pixels(), in, h.taps, w.taps});
  const auto to = filters.mutable_data<float>();
  for (int64_t pixel = 0; pixel < t.sub_pixels(); ++pixel)
    for (int64_t o = 0; o < t.channels_out; ++o)
      for (int64_t c = 0; c < in; ++c)
        for (int64_t y = 0; y < h.taps; ++y)
          for (int64_t x = 0; x < w.taps; ++x) {
            const int64_t ky = h.tap(pixel / w.stride, y), kx = w.tap(pixel % w.stride, x);
            if (ky < 0 || kx < 0) continue;
            const int64_t source = (((o / out * in + c) * out + o % out) * h.kernel + ky) * w.kernel + kx;
            const int64_t target = ((t.channel(pixel, o) * in + c) * h.taps + h.taps - 1 - y) * w.taps + w.taps - 1 - x;
            to[static_cast<size_t>(target)] = from[static_cast<size_t>(source)];
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

// [N, channels of all sub-pixels, h, w] -> [N, padded_out, h * stride, w * stride]
ValueId side_by_side(Decompose& d, ValueId pixels, const Transposed& t) {
  const int64_t sh = t.axes[0].stride, sw = t.axes[1].stride;
  if (t.sub_pixels() == 1) return pixels;
  if (sh == sw) return d.add("DepthToSpace", {pixels}, {{"blocksize", sh}, {"mode", std::string(t.pixels_outside ? "DCR" : "CRD")}});
  const Shape s = d.shape(pixels);
  const Shape apart = t.pixels_outside ? Shape{s[0], sh, sw, t.padded_out, s[2], s[3]} : Shape{s[0], t.padded_out, sh, sw, s[2], s[3]};
  const std::vector<int64_t> perm = t.pixels_outside ? std::vector<int64_t>{0, 3, 4, 1, 5, 2} : std::vector<int64_t>{0, 1, 4, 2, 5, 3};
  return d.reshape(d.transpose(d.reshape(pixels, apart), perm), {s[0], t.padded_out, s[2] * sh, s[3] * sw});
}

}  // namespace

std::optional<Left> conv_transpose_to_conv(Decompose& d) {
  const Shape x = d.input_shape(0);
  if (x.size() > 4) return Left{fmt::format("{}-D transposed convolution", x.size() - 2)};
  const bool has_bias = input_of(d.node(), 2) != kNone;
  if (d.constant(1) == nullptr) return Left{"weights computed at run time"};
  if (has_bias && d.constant(2) == nullptr) return Left{"bias computed at run time"};
  const auto t = read(d);
  if (!t) return Left{};
  const auto& [h, w] = t->axes;
  for (const Axis& axis : t->axes)
    if (axis.reach() > 2 * axis.kernel * axis.dilation + 2) return Left{fmt::format("output_shape {} is far beyond the {} inputs of stride {}", axis.out, axis.in, axis.stride)};
  std::vector<ValueId> inputs{d.reshape(d.node().inputs[0], {x[0], x[1], h.in, w.in}), d.constant("weights", sub_filters(*d.constant(1), *t))};
  if (has_bias) inputs.push_back(d.constant("bias", sub_bias(*d.constant(2), *t)));
  const ValueId pixels = d.add("Conv", inputs,
                               {{"dilations", std::vector<int64_t>{h.step, w.step}},
                                {"group", t->group},
                                {"kernel_shape", std::vector<int64_t>{h.taps, w.taps}},
                                {"pads", std::vector<int64_t>{h.pad_begin(), w.pad_begin(), h.pad_end(), w.pad_end()}},
                                {"strides", std::vector<int64_t>{1, 1}}});
  ValueId result = side_by_side(d, pixels, *t);
  result = d.slice(result, 2, h.pad - h.first * h.stride, h.out);
  result = d.slice(result, 3, w.pad - w.first * w.stride, w.out);
  result = d.slice(result, 1, 0, t->channels_out);
  d.become_reshape(result);
  return std::nullopt;
}

}  // namespace npu::pass
