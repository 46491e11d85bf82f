// SPDX-License-Identifier: Apache-2.0
// Normalisations over a channel or a group of channels as normalised rows, and local response normalisation as a
// convolution that adds the squares of neighbouring channels.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

Tensor filled(const Shape& shape, float value, DType dtype) {
  Tensor tensor(DType::Float32, shape);
  std::ranges::fill(tensor.mutable_data<float>(), value);
  return tensor.cast(dtype);
}

// x * scale + shift, with scale and shift of one value a channel, or of one value a group of channels; x: rows. The
// vector unit knows channels of images.
void become_affine(Decompose& d, ValueId rows) {
  const Shape whole = d.output_shape();
  const Shape shape = whole.size() == 4 ? whole : Shape{whole[0], whole[1], 1, element_count(whole) / whole[0] / whole[1]};
  const DType dtype = d.graph().value(d.node().outputs[0]).type.dtype;
  const auto channels = [&](size_t input) {
    const Tensor& values = *d.constant(input);
    const auto given = values.to_doubles();
    Shape target(shape.size(), 1);
    target[1] = shape[1];
    std::vector<double> each(static_cast<size_t>(shape[1]));
    for (size_t c = 0; c < each.size(); ++c) each[c] = given[c * given.size() / each.size()];
    return d.constant(input == 1 ? "scale" : "shift", Tensor::from<double>(DType::Float64, target, each).cast(dtype));
  };
  const auto all = [&](size_t input, double value) { return std::ranges::all_of(d.constant(input)->to_doubles(), [&](double v) { return v == value; }); };
  const bool scaled = !all(1, 1), shifted = !all(2, 0);
  ValueId result = scaled || shifted ? d.reshape(rows, shape) : rows;
  if (scaled) result = d.add("Mul", {result, channels(1)});
  if (shifted) result = d.add("Add", {result, channels(2)});
  d.become_reshape(result);
}

std::optional<Left> normalise_rows(Decompose& d, int64_t groups) {
  const Shape x = d.input_shape(0);
  if (d.constant(1) == nullptr || d.constant(2) == nullptr) return Left{"scale or shift computed at run time"};
  const int64_t rows = x[0] * groups, length = element_count(x) / rows;
  const DType dtype = d.graph().value(d.node().outputs[0]).type.dtype;
  const ValueId flat = d.reshape(d.node().inputs[0], {rows, length});
  const ValueId ones = d.constant("ones", filled({length}, 1, dtype));
  const ValueId normal = d.add("LayerNormalization", {flat, ones}, {{"axis", int64_t{1}}, {"epsilon", d.node().float_attr("epsilon", 1e-5f)}});
  become_affine(d, normal);
  return std::nullopt;
}

}  // namespace

std::optional<Left> instance_norm_to_rows(Decompose& d) { return normalise_rows(d, d.input_shape(0)[1]); }

std::optional<Left> group_norm_to_rows(Decompose& d) {
  const int64_t groups = d.node().int_attr("num_groups", 0), channels = d.input_shape(0)[1];
  if (groups < 1 || channels % groups != 0) return Left{};
  return normalise_rows(d, groups);
}

// x * (bias + alpha / size * sum of x^2 over the window) ^ -beta. Squares are taken of x / 16, so that fp16 holds them up
// to |x| = 4095; the weights of the sum make up for it.
std::optional<Left> lrn_to_conv(Decompose& d) {
  constexpr float kShrink = 16;
  constexpr float kLeastBias = 0.25f;  // below it the small squares that fp16 rounds to nothing would count
  const Shape x = d.input_shape(0);
  if (x.size() != 4) return Left{fmt::format("{} dimensions", x.size())};
  const Node node = d.node();
  const int64_t size = node.int_attr("size", 1), channels = x[1];
  const float bias = node.float_attr("bias", 1), weight = node.float_attr("alpha", 1e-4f) / static_cast<float>(size) * kShrink * kShrink;
  if (bias < kLeastBias) return Left{fmt::format("bias {} is below {}", bias, kLeastBias)};
  if (channels > 4096) return Left{fmt::format("{} channels", channels)};
  const DType dtype = d.graph().value(node.inputs[0]).type.dtype;
  Tensor band(DType::Float32, {channels, channels, 1, 1});
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t k = std::max<int64_t>(0, c - (size - 1) / 2); k <= std::min(channels - 1, c + size / 2); ++k)
      band.mutable_data<float>()[static_cast<size_t>(c * channels + k)] = weight;
  const ValueId source = node.inputs[0];
  const ValueId small = d.add("Mul", {source, d.constant("shrink", filled({}, 1 / kShrink, dtype))});
  const ValueId squares = d.add("Mul", {small, small});
  const ValueId sums = d.add("Conv", {squares, d.constant("band", band.cast(dtype)), d.constant("bias", filled({channels}, bias, dtype))});
  const ValueId factors = d.add("Pow", {sums, d.constant("exponent", filled({}, -node.float_attr("beta", 0.75f), dtype))});
  d.become("Mul", {factors, source});
  return std::nullopt;
}

}  // namespace npu::pass
