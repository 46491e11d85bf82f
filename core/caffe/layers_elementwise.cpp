// SPDX-License-Identifier: Apache-2.0
// Layers that work on each element, with parameters of all, or of a channel.
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "core/caffe/layer.h"

namespace npu::caffe {
namespace {

std::vector<ValueId> plain(Layer& layer, std::string_view op) { return {layer.graph.add(op, {layer.bottom()})}; }

// scale * x + shift, without what changes nothing.
ValueId affine(Layer& layer, ValueId x, float scale, float shift) {
  if (scale != 1) x = layer.graph.add("Mul", {x, layer.graph.number("scale", scale)});
  return shift == 0 ? x : layer.graph.add("Add", {x, layer.graph.number("shift", shift)});
}

// ln of a field `base`, of which -1 means e.
float log_of_base(Layer& layer) {
  const float base = layer.params.number("base", -1);
  if (base != -1 && !(base > 0 && base != 1)) layer.invalid(fmt::format("base is {}", base));
  return base == -1 ? 1.0f : std::log(base);
}

// The shape that a parameter of the dimensions `axis` and following needs to meet them in a broadcast.
Shape aligned(const Shape& dims, size_t axis, size_t rank) {
  Shape shape = dims;
  shape.resize(std::max(rank - axis, shape.size()), 1);
  return shape;
}

// A blob over the axes [axis, axis + num_axes) of the bottom, ready to be broadcast.
ValueId axes_blob(Layer& layer, std::string_view what, size_t index, size_t axis, size_t count) {
  Shape dims;
  for (size_t i = 0; i < count; ++i) dims.push_back(layer.dim(axis + i));
  Tensor values = layer.blob(index, dims);
  return layer.ok() ? layer.graph.constant(what, values.reshaped(aligned(dims, axis, layer.rank()))) : kNone;
}

// The second bottom, whose dimensions meet those of the first from `axis` on.
ValueId axes_bottom(Layer& layer, size_t axis) {
  if (axis + layer.rank(1) > layer.rank()) layer.invalid(fmt::format("{} does not fit {} from axis {} on", to_string(layer.bottom_type(1).dims), to_string(layer.bottom_type().dims), axis));
  std::vector<int64_t> shape(layer.rank(1), 0);
  if (!layer.ok()) return kNone;
  shape.resize(layer.rank() - axis, 1);
  return layer.graph.reshape(layer.bottoms[1], shape);
}

// Applies `op` with the second bottom or the first blob.
ValueId with_parameter(Layer& layer, std::string_view op, std::string_view what, size_t axis, size_t count) {
  const ValueId parameter = layer.bottoms.size() == 2 ? axes_bottom(layer, axis) : axes_blob(layer, what, 0, axis, count);
  return layer.graph.add(op, {layer.bottom(), parameter});
}

size_t axes_count(Layer& layer, size_t axis) {
  const int64_t asked = layer.params.integer("num_axes", 1), rest = static_cast<int64_t>(layer.rank() - axis);
  if (asked < -1 || asked > rest) layer.invalid(fmt::format("num_axes is {}, from axis {} on there are {}", asked, axis, rest));
  return static_cast<size_t>(asked == -1 ? rest : std::clamp<int64_t>(asked, 0, rest));
}

}  // namespace

std::vector<ValueId> abs_val(Layer& layer) { return plain(layer, "Abs"); }
std::vector<ValueId> bnll(Layer& layer) { return plain(layer, "Softplus"); }
std::vector<ValueId> sigmoid(Layer& layer) { return plain(layer, "Sigmoid"); }
std::vector<ValueId> tanh(Layer& layer) { return plain(layer, "Tanh"); }
std::vector<ValueId> pass_on(Layer& layer) { return {layer.bottom()}; }
std::vector<ValueId> pass_on_all(Layer& layer) { return std::vector<ValueId>(layer.tops.size(), layer.bottom()); }
std::vector<ValueId> silence(Layer&) { return {}; }

std::vector<ValueId> elu(Layer& layer) { return {layer.graph.add("Elu", {layer.bottom()}, {{"alpha", layer.params.number("alpha", 1)}})}; }

std::vector<ValueId> relu(Layer& layer) {
  const float slope = layer.params.number("negative_slope", 0);
  if (slope == 0) return plain(layer, "Relu");
  return {layer.graph.add("LeakyRelu", {layer.bottom()}, {{"alpha", slope}})};
}

std::vector<ValueId> relu6(Layer& layer) { return {layer.graph.add("Clip", {layer.bottom(), layer.graph.number("low", 0), layer.graph.number("high", 6)})}; }

std::vector<ValueId> prelu(Layer& layer) {
  const bool shared = layer.params.flag("channel_shared", false);
  if (layer.rank() < 2) layer.invalid("its input has no channels");
  if (!layer.ok()) return {kNone};
  return {layer.graph.add("PRelu", {layer.bottom(), axes_blob(layer, "slope", 0, 1, shared ? 0 : 1)})};
}

std::vector<ValueId> power(Layer& layer) {
  const float exponent = layer.params.number("power", 1);
  const ValueId base = affine(layer, layer.bottom(), layer.params.number("scale", 1), layer.params.number("shift", 0));
  if (exponent == 1) return {base};
  return {layer.graph.add("Pow", {base, layer.graph.number("power", exponent)})};
}

// base^(shift + scale * x)
std::vector<ValueId> exponential(Layer& layer) {
  const float log = log_of_base(layer);
  return {layer.graph.add("Exp", {affine(layer, layer.bottom(), layer.params.number("scale", 1) * log, layer.params.number("shift", 0) * log)})};
}

// log of shift + scale * x
std::vector<ValueId> logarithm(Layer& layer) {
  const float log = log_of_base(layer);
  const ValueId inner = affine(layer, layer.bottom(), layer.params.number("scale", 1), layer.params.number("shift", 0));
  return {affine(layer, layer.graph.add("Log", {inner}), 1 / log, 0)};
}

// (x - mean) / sqrt(variance + eps); the blobs are sums of `factor` weight.
std::vector<ValueId> batch_norm(Layer& layer) {
  if (!layer.params.flag("use_global_stats", true)) layer.unsupported("use_global_stats: false (statistics of the batch) is not offered");
  const float eps = layer.params.number("eps", 1e-5f);
  if (layer.rank() < 2) layer.invalid("its input has no channels");
  if (!layer.ok()) return {kNone};
  const int64_t channels = layer.dim(1);
  Tensor mean = layer.blob(0, {channels}), variance = layer.blob(1, {channels});
  const Tensor factor = layer.blob(2, {1});
  if (!layer.ok()) return {kNone};
  const float sum = factor.data<float>()[0], scale = sum == 0 ? 0 : 1 / sum;
  for (Tensor* statistic : {&mean, &variance})
    for (float& value : statistic->mutable_data<float>()) value *= scale;
  const std::vector<float> ones(static_cast<size_t>(channels), 1.0f), zeros(static_cast<size_t>(channels), 0.0f);
  const auto of = [&](std::string_view what, Tensor values) { return layer.graph.constant(what, std::move(values)); };
  const ValueId gamma = of("gamma", Tensor::from<float>(DType::Float32, {channels}, ones)), beta = of("beta", Tensor::from<float>(DType::Float32, {channels}, zeros));
  return {layer.graph.add("BatchNormalization", {layer.bottom(), gamma, beta, of("mean", std::move(mean)), of("variance", std::move(variance))}, {{"epsilon", eps}})};
}

std::vector<ValueId> scale(Layer& layer) {
  const size_t axis = layer.axis("axis", 1), count = layer.ok() ? axes_count(layer, axis) : 0;
  const bool has_bias = layer.params.flag("bias_term", false);
  if (has_bias && layer.bottoms.size() == 2) layer.unsupported("bias_term with two bottoms is not offered");
  if (!layer.ok()) return {kNone};
  const ValueId scaled = with_parameter(layer, "Mul", "scale", axis, count);
  return {has_bias ? layer.graph.add("Add", {scaled, axes_blob(layer, "bias", 1, axis, count)}) : scaled};
}

std::vector<ValueId> bias(Layer& layer) {
  const size_t axis = layer.axis("axis", 1), count = layer.ok() ? axes_count(layer, axis) : 0;
  return {layer.ok() ? with_parameter(layer, "Add", "bias", axis, count) : kNone};
}

std::vector<ValueId> eltwise(Layer& layer) {
  constexpr std::string_view kOps[] = {"Mul", "Add", "Max"};
  const size_t operation = layer.params.choice("operation", {"PROD", "SUM", "MAX"}, 1);
  const std::vector<float> coefficients = layer.params.numbers("coeff");
  if (!coefficients.empty() && (operation != 1 || coefficients.size() != layer.bottoms.size()))
    layer.invalid(fmt::format("{} coefficients for {} bottoms; only a SUM takes them", coefficients.size(), layer.bottoms.size()));
  for (size_t i = 1; i < layer.bottoms.size(); ++i)
    if (layer.bottom_type(i).is_static() && layer.bottom_type().is_static() && layer.bottom_type(i).dims != layer.bottom_type().dims)
      layer.invalid(fmt::format("its inputs are {} and {}", to_string(layer.bottom_type().dims), to_string(layer.bottom_type(i).dims)));
  if (!layer.ok()) return {kNone};
  const auto term = [&](size_t i) { return coefficients.empty() ? layer.bottoms[i] : affine(layer, layer.bottoms[i], coefficients[i], 0); };
  ValueId result = term(0);
  for (size_t i = 1; i < layer.bottoms.size(); ++i) result = layer.graph.add(kOps[operation], {result, term(i)});
  return {result};
}

}  // namespace npu::caffe
