// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/weights.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace npu::quantize {
namespace {

Tensor random_weights(Shape shape, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.2f);
  Tensor tensor(DType::Float32, std::move(shape));
  for (float& v : tensor.mutable_data<float>()) v = normal(random);
  return tensor;
}

struct Case {
  WeightLayout layout;
  Tensor weights;
  // Output channel and input channel of element i, by its indices.
  std::vector<int64_t> out, in;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& [shape, groups] : {std::pair{Shape{6, 4, 3, 3}, 1}, std::pair{Shape{8, 1, 3, 5}, 8}, std::pair{Shape{6, 2, 1, 1}, 3}}) {
    Case one{conv_layout(shape, groups), random_weights(shape, 5), {}, {}};
    for (int64_t o = 0; o < shape[0]; ++o)
      for (int64_t c = 0; c < shape[1]; ++c)
        for (int64_t tap = 0; tap < shape[2] * shape[3]; ++tap) one.out.push_back(o), one.in.push_back(o / (shape[0] / groups) * shape[1] + c);
    all.push_back(std::move(one));
  }
  for (const bool transposed : {false, true}) {
    Case one{matrix_layout({5, 7}, transposed), random_weights({5, 7}, 6), {}, {}};
    for (int64_t row = 0; row < 5; ++row)
      for (int64_t column = 0; column < 7; ++column) one.out.push_back(transposed ? row : column), one.in.push_back(transposed ? column : row);
    all.push_back(std::move(one));
  }
  return all;
}

TEST_CASE("weights per channel: the largest becomes 127, all others are rounded to the nearest step") {
  for (const Case& c : cases())
    for (const bool channel_wise : {true, false}) {
      CAPTURE(to_string(c.weights.shape()));
      const QuantWeights made = quantise_weights(c.weights, c.layout, channel_wise);
      const auto values = c.weights.data<float>();
      const auto integers = made.integers.data<int8_t>();
      REQUIRE(std::ssize(made.scales) == c.layout.channels);
      std::vector<float> largest(made.scales.size());
      std::vector<int> reached(made.scales.size());
      for (size_t i = 0; i < values.size(); ++i) {
        const auto channel = static_cast<size_t>(c.out[i]);
        CHECK(c.layout.channel(static_cast<int64_t>(i)) == c.out[i]);
        CHECK(c.layout.in_channel(static_cast<int64_t>(i)) == c.in[i]);
        largest[channel] = std::max(largest[channel], std::fabs(values[i]));
        reached[channel] = std::max(reached[channel], std::abs(static_cast<int>(integers[i])));
        CHECK(std::fabs(values[i] - static_cast<float>(integers[i]) * made.scales[channel]) <= made.scales[channel] * 0.5001f);
      }
      for (size_t channel = 0; channel < largest.size(); ++channel) {
        const float expected = (channel_wise ? largest[channel] : *std::ranges::max_element(largest)) / 127;
        CHECK(made.scales[channel] == doctest::Approx(expected).epsilon(1e-6));
        if (channel_wise) CHECK(reached[channel] == 127);
      }
    }
}

TEST_CASE("weights of zeros, and scales that must not be smaller") {
  const WeightLayout layout = matrix_layout({2, 3}, false);
  const Tensor zeros(DType::Float32, {2, 3});
  CHECK(quantise_weights(zeros, layout, true).scales == std::vector<float>{1, 1, 1});
  const std::vector<float> least{0.5f, 0.25f, 0};
  const Tensor ones = Tensor::from<float>(DType::Float32, {2, 3}, std::span<const float>(std::vector<float>{1, 1, 1, 1, 1, 1}));
  const QuantWeights made = quantise_weights(ones, layout, true, least);
  CHECK(made.scales[0] == 0.5f);
  CHECK(made.integers.data<int8_t>()[0] == 2);
  CHECK(made.scales[2] == doctest::Approx(1.0f / 127));
}

TEST_CASE("the shift of the means is that of a layer computed by hand") {
  std::mt19937 random(11);
  std::normal_distribution<double> normal(1, 2);
  for (const Case& c : cases()) {
    const QuantWeights made = quantise_weights(c.weights, c.layout, true);
    int64_t inputs = 0;
    for (int64_t in : c.in) inputs = std::max(inputs, in + 1);
    std::vector<double> means;
    for (int64_t i = 0; i < inputs; ++i) means.push_back(normal(random));
    // Constant inputs are their own means: sums with and without rounding.
    std::vector<double> exact(made.scales.size()), rounded(made.scales.size());
    for (size_t i = 0; i < c.out.size(); ++i) {
      const auto channel = static_cast<size_t>(c.out[i]);
      exact[channel] += static_cast<double>(c.weights.data<float>()[i]) * means[static_cast<size_t>(c.in[i])];
      rounded[channel] += static_cast<double>(made.integers.data<int8_t>()[i]) * static_cast<double>(made.scales[channel]) * means[static_cast<size_t>(c.in[i])];
    }
    const std::vector<double> shift = mean_shift(c.weights, made, c.layout, means);
    for (size_t channel = 0; channel < shift.size(); ++channel) CHECK(shift[channel] == doctest::Approx(rounded[channel] - exact[channel]).epsilon(1e-9).scale(1e-6));
  }
}

}  // namespace
}  // namespace npu::quantize
