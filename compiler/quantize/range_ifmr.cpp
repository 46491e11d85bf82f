// SPDX-License-Identifier: Apache-2.0
// Source: the vendor's public AMCT documentation, "IFMR (Input Feature Map Reconstruction)": a first range from percentiles, then
// both ends are tried from search_start to search_end times themselves in steps of search_step, each with each. Which is best
// that text leaves open: here the least mean square difference between the values and what comes back from 8 bits.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "compiler/quantize/percentile.h"
#include "compiler/quantize/ranges.h"

namespace npu::quantize {
namespace {

struct Bin {
  float value, count;
};

// Stops as soon as the sum is more than `limit`.
double squared_error(const std::vector<Bin>& bins, const QuantParams& params, double limit) {
  const auto zero = static_cast<float>(params.zero), low = static_cast<float>(params.lowest()) - zero, high = static_cast<float>(params.highest()) - zero;
  const float inverse = 1 / params.scale;
  constexpr size_t kChunk = 512;
  double sum = 0;
  for (size_t begin = 0; begin < bins.size() && sum <= limit; begin += kChunk) {
    float part = 0;
    for (size_t i = begin; i < std::min(begin + kChunk, bins.size()); ++i) {
      const float step = std::clamp(std::nearbyint(bins[i].value * inverse), low, high), off = bins[i].value - step * params.scale;
      part += bins[i].count * off * off;
    }
    sum += static_cast<double>(part);
  }
  return sum;
}

// The ends to try; a side without values has only 0.
std::vector<float> candidates(double first, const IfmrOptions& options) {
  if (first == 0) return {0.0f};
  std::vector<float> found;
  const auto steps = static_cast<int>(std::floor((options.search_end - options.search_start) / options.search_step + 1e-9));
  for (int i = 0; i <= steps; ++i) found.push_back(static_cast<float>(first * (options.search_start + i * options.search_step)));
  return found;
}

}  // namespace

FloatRange range_ifmr(const Histogram& histogram, const IfmrOptions& options, bool with_offset) {
  std::vector<Bin> bins;
  for (size_t i = 0; i < Histogram::kBins; ++i)
    if (histogram.counts()[i] != 0) bins.push_back({static_cast<float>(histogram.centre(i)), static_cast<float>(histogram.counts()[i])});
  const double first_high = std::max(0.0, value_at(histogram, options.max_percentile)), first_low = std::min(0.0, value_at(histogram, 1 - options.min_percentile));
  std::vector<float> lows = candidates(first_low, options), highs = candidates(first_high, options);
  if (!with_offset) {  // one number: the larger side
    highs = candidates(std::max(first_high, -first_low), options);
    lows = {0.0f};
  }
  FloatRange best = histogram.range();
  double least = std::numeric_limits<double>::infinity();
  for (const float low : lows)
    for (const float high : highs)
      if (const double error = squared_error(bins, params_of({low, high}, with_offset), least); error < least) least = error, best = {low, high};
  return with_offset ? best : FloatRange{-best.high, best.high};
}

}  // namespace npu::quantize
