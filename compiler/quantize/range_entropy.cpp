// SPDX-License-Identifier: Apache-2.0
// Source: S. Migacz, "8-bit Inference with TensorRT" (GPU Technology Conference 2017): the threshold on |x| whose clipped
// distribution diverges least (Kullback-Leibler) from itself after merging into the steps. As NVIDIA's pytorch-quantization
// documents it: 128 steps for numbers of both signs, 256 for numbers of one; the zeros that Relu makes do not count (the first of
// the 2048 bins takes the second's count); a distribution that has no step where there are values is infinitely far.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "compiler/quantize/ranges.h"

namespace npu::quantize {
namespace {

constexpr size_t kEntropyBins = 2048;

// Counts of |x| from 0 to the largest.
std::vector<double> magnitudes(const Histogram& histogram, double largest) {
  std::vector<double> bins(kEntropyBins, 0.0);
  for (size_t i = 0; i < Histogram::kBins; ++i) {
    const double at = std::abs(histogram.centre(i)) / largest * kEntropyBins;
    bins[std::min(static_cast<size_t>(at), kEntropyBins - 1)] += static_cast<double>(histogram.counts()[i]);
  }
  return bins;
}

// The first `count` bins in `steps` groups of equal width, each group's sum spread evenly over its bins that are not empty.
std::vector<double> merged(const std::vector<double>& bins, size_t count, size_t steps) {
  std::vector<double> q(count, 0.0);
  for (size_t step = 0; step < steps; ++step) {
    const size_t begin = step * count / steps, end = (step + 1) * count / steps;
    double sum = 0, filled = 0;
    for (size_t i = begin; i < end; ++i) sum += bins[i], filled += bins[i] != 0;
    for (size_t i = begin; i < end; ++i)
      if (bins[i] != 0) q[i] = sum / filled;
  }
  return q;
}

double divergence(const std::vector<double>& bins, size_t count, size_t steps) {
  const std::vector<double> q = merged(bins, count, steps);
  double outside = 0, p_sum = 0, q_sum = 0;
  for (size_t i = 0; i < bins.size(); ++i) p_sum += bins[i], outside += i < count ? 0 : bins[i];
  for (double v : q) q_sum += v;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double p = bins[i] + (i + 1 == count ? outside : 0);
    if (p == 0) continue;
    if (q[i] == 0) return std::numeric_limits<double>::infinity();
    sum += p / p_sum * std::log(p / p_sum * q_sum / q[i]);
  }
  return sum;
}

}  // namespace

FloatRange range_entropy(const Histogram& histogram) {
  const FloatRange seen = histogram.range();
  const double largest = static_cast<double>(std::max(std::abs(seen.low), std::abs(seen.high)));
  if (largest == 0) return seen;
  const size_t steps = seen.low < 0 && seen.high > 0 ? 128 : 256;
  std::vector<double> bins = magnitudes(histogram, largest);
  bins[0] = bins[1];
  size_t best = kEntropyBins;
  double least = divergence(bins, kEntropyBins, steps);
  for (size_t count = steps; count < kEntropyBins; ++count)
    if (const double d = divergence(bins, count, steps); d < least) least = d, best = count;
  const auto threshold = static_cast<float>(largest * static_cast<double>(best) / kEntropyBins);
  return {std::max(seen.low, -threshold), std::min(seen.high, threshold)};
}

}  // namespace npu::quantize
