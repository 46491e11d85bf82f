// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/weights.h"

#include <algorithm>
#include <cmath>

namespace npu::quantize {

WeightLayout conv_layout(const Shape& shape, int64_t groups) {
  const int64_t taps = element_count({shape.begin() + 2, shape.end()});
  return {.axis = 0, .channels = shape[0], .inner = shape[1] * taps, .in_stride = taps, .in_count = shape[1], .groups = groups};
}

WeightLayout matrix_layout(const Shape& shape, bool transposed) {
  if (transposed) return {.axis = 0, .channels = shape[0], .inner = shape[1], .in_stride = 1, .in_count = shape[1]};
  return {.axis = 1, .channels = shape[1], .inner = 1, .in_stride = shape[1], .in_count = shape[0]};
}

QuantWeights quantise_weights(const Tensor& weights, const WeightLayout& layout, bool channel_wise, std::span<const float> least_scales) {
  const auto values = weights.data<float>();
  QuantWeights made{Tensor(DType::Int8, weights.shape()), std::vector<float>(static_cast<size_t>(layout.channels), 0.0f)};
  const auto scale_of = [&](size_t i) -> float& { return made.scales[static_cast<size_t>(layout.channel(static_cast<int64_t>(i)))]; };
  for (size_t i = 0; i < values.size(); ++i) scale_of(i) = std::max(scale_of(i), std::fabs(values[i]) / 127.0f);
  if (!channel_wise) std::ranges::fill(made.scales, *std::ranges::max_element(made.scales));
  for (size_t c = 0; c < made.scales.size(); ++c) {
    if (!least_scales.empty()) made.scales[c] = std::max(made.scales[c], least_scales[c]);
    if (!(made.scales[c] > 1e-30f)) made.scales[c] = 1;  // all zeros
  }
  auto out = made.integers.mutable_data<int8_t>();
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<int8_t>(std::clamp(std::nearbyint(values[i] / scale_of(i)), -127.0f, 127.0f));
  return made;
}

std::vector<double> mean_shift(const Tensor& weights, const QuantWeights& quantised, const WeightLayout& layout, std::span<const double> input_means) {
  const auto values = weights.data<float>();
  const auto integers = quantised.integers.data<int8_t>();
  std::vector<double> shift(quantised.scales.size(), 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto c = static_cast<size_t>(layout.channel(static_cast<int64_t>(i)));
    const double rounded = static_cast<double>(integers[i]) * static_cast<double>(quantised.scales[c]);
    shift[c] += (rounded - static_cast<double>(values[i])) * input_means[static_cast<size_t>(layout.in_channel(static_cast<int64_t>(i)))];
  }
  return shift;
}

}  // namespace npu::quantize
