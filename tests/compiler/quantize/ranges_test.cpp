// SPDX-License-Identifier: Apache-2.0
// The searches for ranges against naive ones over the raw values.
#include "compiler/quantize/ranges.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

namespace npu::quantize {
namespace {

struct Distribution {
  std::string name;
  std::vector<float> values;
};

std::vector<Distribution> distributions() {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 1.5f);
  std::exponential_distribution<float> exponential(2);
  std::uniform_real_distribution<float> uniform(-1, 3);
  const auto draw = [&](std::string name, const std::function<float()>& one) {
    Distribution made{std::move(name), {}};
    for (int i = 0; i < 20000; ++i) made.values.push_back(one());
    return made;
  };
  std::vector<Distribution> all{draw("normal", [&] { return normal(random); }), draw("relu of normal", [&] { return std::max(0.0f, normal(random)); }),
                                draw("exponential", [&] { return exponential(random); }), draw("uniform", [&] { return uniform(random); }),
                                draw("outliers", [&] { return normal(random); })};
  all.back().values[17] = 80;
  all.back().values[18] = -30;
  return all;
}

Histogram histogram_of(std::span<const float> values) {
  const auto [low, high] = std::ranges::minmax(values);
  Histogram histogram({low, high});
  histogram.add(values);
  return histogram;
}

// Nearest of the 256 numbers, by looking at all of them.
double naive_round_trip(double value, const QuantParams& params) {
  double best = 0, off = std::numeric_limits<double>::infinity();
  for (int q = params.lowest(); q <= params.highest(); ++q) {
    const double back = (q - params.zero) * static_cast<double>(params.scale);
    if (std::abs(back - value) < off) off = std::abs(back - value), best = back;
  }
  return best;
}

double naive_error(std::span<const float> values, FloatRange range, bool with_offset) {
  const QuantParams params = params_of(range, with_offset);
  const auto scale = static_cast<double>(params.scale);
  double sum = 0;
  for (const float value : values) {
    const double q = std::clamp(std::round(static_cast<double>(value) / scale) + params.zero, static_cast<double>(params.lowest()), static_cast<double>(params.highest()));
    const double off = static_cast<double>(value) - (q - params.zero) * scale;
    sum += off * off;
  }
  return sum;
}

TEST_CASE("a histogram counts every value once, in its place") {
  const std::vector<float> values{-1, -1, 0, 0.5f, 3};
  const Histogram histogram = histogram_of(values);
  CHECK(histogram.total() == 5);
  CHECK(histogram.counts()[0] == 2);
  CHECK(histogram.counts()[Histogram::kBins / 4] == 1);
  CHECK(histogram.counts()[Histogram::kBins - 1] == 1);
  CHECK(histogram.centre(0) == doctest::Approx(-1 + 2.0 / Histogram::kBins));
  const Histogram flat = histogram_of(std::vector<float>{2, 2, 2});
  CHECK(flat.total() == 3);
  CHECK(flat.range() == FloatRange{2, 2});
}

TEST_CASE("8-bit types hold zero exactly and their range to half a step") {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-5, 5);
  for (int i = 0; i < 1000; ++i) {
    float a = uniform(random), b = uniform(random);
    const FloatRange range{std::min(a, b), std::max(a, b)};
    for (const bool with_offset : {false, true}) {
      const QuantParams params = params_of(range, with_offset);
      CAPTURE(range.low);
      CAPTURE(range.high);
      CHECK(params.round_trip(0) == 0);
      CHECK(params.zero >= params.lowest());
      CHECK(params.zero <= params.highest());
      if (!with_offset) CHECK(params.zero == 0);
      for (const float v : {range.low, range.high, (range.low + range.high) / 2}) {
        CHECK(std::fabs(params.round_trip(v) - v) <= params.scale * 0.5001f);
        CHECK(static_cast<double>(params.round_trip(v)) == doctest::Approx(naive_round_trip(static_cast<double>(v), params)).epsilon(1e-4));
      }
    }
  }
  CHECK(params_of({0, 0}, true).scale == 1);
  CHECK(params_of({0, 0}, false).scale > 0);
}

TEST_CASE("percentile: as many sorted values are left out on each side, to the width of a bin") {
  for (const Distribution& d : distributions())
    for (const double share : {0.99, 0.999, 0.9999, 1.0}) {
      CAPTURE(d.name);
      CAPTURE(share);
      const Histogram histogram = histogram_of(d.values);
      const FloatRange found = range_percentile(histogram, share);
      std::vector<float> sorted = d.values;
      std::ranges::sort(sorted);
      const double cut = (1 - share) / 2 * static_cast<double>(sorted.size());
      const auto left = static_cast<size_t>(cut), right = sorted.size() - 1 - left;
      const double slack = histogram.width() * 1.01;
      // Between the last value left out and the first one kept.
      CHECK(static_cast<double>(found.low) >= static_cast<double>(sorted[left ? left - 1 : 0]) - slack);
      CHECK(static_cast<double>(found.low) <= static_cast<double>(sorted[left + 1]) + slack);
      CHECK(static_cast<double>(found.high) <= static_cast<double>(sorted[std::min(right + 1, sorted.size() - 1)]) + slack);
      CHECK(static_cast<double>(found.high) >= static_cast<double>(sorted[right - 1]) - slack);
    }
}

// The published procedure on the raw magnitudes, step by step.
double naive_entropy_threshold(std::span<const float> values) {
  const size_t bins = 2048;
  double largest = 0;
  bool negative = false, positive = false;
  for (float v : values) largest = std::max(largest, std::abs(static_cast<double>(v))), negative |= v < 0, positive |= v > 0;
  const size_t steps = negative && positive ? 128 : 256;
  std::vector<double> count(bins);
  for (float v : values) count[std::min(bins - 1, static_cast<size_t>(std::abs(static_cast<double>(v)) / largest * bins))] += 1;
  count[0] = count[1];
  double least = std::numeric_limits<double>::infinity(), threshold = largest;
  for (size_t i = steps; i <= bins; ++i) {
    std::vector<double> p(count.begin(), count.begin() + static_cast<std::ptrdiff_t>(i)), q(i);
    for (size_t k = i; k < bins; ++k) p[i - 1] += count[k];
    std::vector<double> sum(steps), filled(steps);
    std::vector<size_t> step_of(i);
    for (size_t s = 0; s < steps; ++s)
      for (size_t k = s * i / steps; k < (s + 1) * i / steps; ++k) step_of[k] = s, sum[s] += count[k], filled[s] += count[k] > 0;
    double p_sum = 0, q_sum = 0;
    for (size_t k = 0; k < i; ++k) q[k] = count[k] > 0 ? sum[step_of[k]] / filled[step_of[k]] : 0, p_sum += p[k], q_sum += q[k];
    double kl = 0;
    for (size_t k = 0; k < i; ++k)
      if (p[k] > 0) kl += q[k] > 0 ? p[k] / p_sum * std::log(p[k] / p_sum / (q[k] / q_sum)) : std::numeric_limits<double>::infinity();
    if (kl < least) least = kl, threshold = largest * static_cast<double>(i) / static_cast<double>(bins);
  }
  return threshold;
}

TEST_CASE("entropy: the threshold of the published procedure") {
  for (Distribution d : distributions()) {
    // Bins of both meet where the range is symmetric or begins at zero.
    float largest = 0, least = 0;
    for (float v : d.values) largest = std::max(largest, std::fabs(v)), least = std::min(least, v);
    d.values.push_back(largest);
    d.values.push_back(least < 0 ? -largest : 0);
    CAPTURE(d.name);
    const FloatRange found = range_entropy(histogram_of(d.values));
    CHECK(static_cast<double>(found.high) == doctest::Approx(naive_entropy_threshold(d.values)).epsilon(0.002));
    CHECK(found.low == (least < 0 ? -found.high : 0.0f));
  }
  // A lone outlier is clipped, the rest is not.
  const auto outliers = distributions().back();
  const FloatRange clipped = range_entropy(histogram_of(outliers.values));
  CHECK(clipped.high < 40);
  CHECK(clipped.high > 2);
}

TEST_CASE("ifmr: no pair of ends of the search has a smaller mean square error") {
  const IfmrOptions options{.search_start = 0.6, .search_end = 1.2, .search_step = 0.1, .max_percentile = 0.9999, .min_percentile = 0.9995};
  for (const Distribution& d : distributions())
    for (const bool with_offset : {true, false}) {
      CAPTURE(d.name);
      CAPTURE(with_offset);
      std::vector<float> sorted = d.values;
      std::ranges::sort(sorted);
      const auto at = [&](double share) { return static_cast<double>(sorted[static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size()) - 1e-6)) - 1]); };
      const double high = std::max(0.0, at(options.max_percentile)), low = std::min(0.0, at(1 - options.min_percentile));
      double best = std::numeric_limits<double>::infinity();
      for (double a = 0.6; a < 1.25; a += 0.1)
        for (double b = 0.6; b < 1.25; b += 0.1) {
          const double side = std::max(high, -low);
          const FloatRange range = with_offset ? FloatRange{static_cast<float>(low * a), static_cast<float>(high * b)} : FloatRange{static_cast<float>(-side * a), static_cast<float>(side * a)};
          best = std::min(best, naive_error(d.values, range, with_offset));
        }
      const FloatRange found = range_ifmr(histogram_of(d.values), options, with_offset);
      // Ends are known to the width of a bin, less than a 32nd of a step.
      CHECK(naive_error(d.values, found, with_offset) <= best * 1.01);
    }
}

TEST_CASE("options that make no sense are refused with their value") {
  const auto refused = [](const std::function<void(RangeOptions&)>& edit) {
    RangeOptions options;
    edit(options);
    const Status status = check_options(options);
    return status ? std::string() : status.error().message();
  };
  CHECK(check_options({}).has_value());
  CHECK(refused([](auto& o) { o.percentile = 1.5; }).find("1.5") != std::string::npos);
  CHECK(refused([](auto& o) { o.percentile = std::nan(""); }).find("percentile") != std::string::npos);
  CHECK(refused([](auto& o) { o.ifmr.search_step = 0; }).find("search_step") != std::string::npos);
  CHECK(refused([](auto& o) { o.ifmr.search_step = 1e-9; }).find("search_step") != std::string::npos);
  CHECK(refused([](auto& o) { o.ifmr.search_start = -1; }).find("search_range_start") != std::string::npos);
  CHECK(refused([](auto& o) { o.ifmr.search_end = 0.1; }).find("search_range_end") != std::string::npos);
  CHECK(refused([](auto& o) { o.ifmr.min_percentile = 0; }).find("min_percentile") != std::string::npos);
  CHECK(parse_method("ifmr").value() == RangeMethod::Ifmr);
  CHECK(parse_method("median").error().message().find("median") != std::string::npos);
}

}  // namespace
}  // namespace npu::quantize
