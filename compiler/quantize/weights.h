// SPDX-License-Identifier: Apache-2.0
// Weights as 8-bit integers, and what their rounding does to the mean of a layer's results.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor/tensor.h"

namespace npu::quantize {

// How a layer's constant operand lies: element (i / inner) % channels is the output channel of element i, and
// in_channel(i) the channel of the layer's input that it multiplies.
struct WeightLayout {
  int64_t axis = 0;       // of the output channels
  int64_t channels = 1;
  int64_t inner = 1;
  int64_t in_stride = 1;  // elements from one input channel to the next
  int64_t in_count = 1;   // input channels that one output channel sees
  int64_t groups = 1;     // of a convolution

  int64_t channel(int64_t i) const { return i / inner % channels; }
  int64_t in_channel(int64_t i) const { return channel(i) / (channels / groups) * in_count + i / in_stride % in_count; }
};
// Of a convolution's [out][in / groups][...].
WeightLayout conv_layout(const Shape& shape, int64_t groups);
// Of a matrix [in][out], or [out][in] when transposed.
WeightLayout matrix_layout(const Shape& shape, bool transposed);

struct QuantWeights {
  Tensor integers;           // Int8, -127 to 127
  std::vector<float> scales;  // one a channel
};

// Symmetric: the largest magnitude of each channel (of all when !channel_wise) becomes 127. least_scales: none, or one a channel that
// its scale is not below.
QuantWeights quantise_weights(const Tensor& weights, const WeightLayout& layout, bool channel_wise, std::span<const float> least_scales = {});

// For each output channel how far the mean of its results moves when the integers take the place of the weights: the sum over
// the input channels of (rounded - exact) * mean. Border pixels, which see zeros outside, are not treated apart.
// Source: M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (ICCV 2019), 4.2, with means
// from calibration instead of from batch normalisation.
std::vector<double> mean_shift(const Tensor& weights, const QuantWeights& quantised, const WeightLayout& layout, std::span<const double> input_means);

}  // namespace npu::quantize
