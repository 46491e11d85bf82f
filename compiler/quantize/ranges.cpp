// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/ranges.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace npu::quantize {
namespace {

constexpr std::string_view kNames[] = {"minmax", "percentile", "entropy", "ifmr"};

}  // namespace

std::string_view to_string(RangeMethod method) { return kNames[static_cast<size_t>(method)]; }

Result<RangeMethod> parse_method(std::string_view text) {
  const auto* found = std::ranges::find(kNames, text);
  if (found == std::end(kNames)) return fail(ErrorKind::InvalidArgument, "method", fmt::format("'{}': it is minmax, percentile, entropy or ifmr", text));
  return static_cast<RangeMethod>(found - std::begin(kNames));
}

void Histogram::add(std::span<const float> values) {
  const double per_bin = width() > 0 ? 1 / width() : 0, low = static_cast<double>(range_.low);
  for (const float value : values) {
    const double bin = (static_cast<double>(value) - low) * per_bin;
    ++counts_[static_cast<size_t>(std::clamp(bin, 0.0, static_cast<double>(kBins - 1)))];
  }
  total_ += std::ssize(values);
}

FloatRange QuantParams::range() const { return {scale * static_cast<float>(lowest() - zero), scale * static_cast<float>(highest() - zero)}; }

float QuantParams::round_trip(float value) const {
  const float step = std::clamp(std::nearbyint(value / scale) + static_cast<float>(zero), static_cast<float>(lowest()), static_cast<float>(highest()));
  return (step - static_cast<float>(zero)) * scale;
}

QuantParams params_of(FloatRange range, bool with_offset) {
  const float low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  // Smaller scales have no reciprocal.
  constexpr float kLeast = 1e-30f;
  if (!with_offset) return {std::max(std::max(-low, high) / 127, kLeast), 0, DType::Int8};
  if (high == low) return {1, 0, DType::UInt8};
  const float scale = std::max(high / 255 - low / 255, kLeast);
  return {scale, static_cast<int32_t>(std::clamp(std::nearbyint(-low / scale), 0.0f, 255.0f)), DType::UInt8};
}

Status check_options(const RangeOptions& options) {
  const IfmrOptions& ifmr = options.ifmr;
  const auto refuse = [](std::string_view name, double value, std::string_view why) { return fail(ErrorKind::InvalidArgument, std::string(name), fmt::format("{}: {}", value, why)); };
  const auto share = [&](std::string_view name, double value) -> Status {
    if (!(value > 0.5 && value <= 1)) return refuse(name, value, "it is a share of the values, more than 0.5 and up to 1");
    return {};
  };
  NPU_CHECK(share("percentile", options.percentile));
  NPU_CHECK(share("max_percentile", ifmr.max_percentile));
  NPU_CHECK(share("min_percentile", ifmr.min_percentile));
  if (!(ifmr.search_start > 0 && ifmr.search_start <= 10)) return refuse("search_range_start", ifmr.search_start, "it is more than 0 and up to 10");
  if (!(ifmr.search_end >= ifmr.search_start && ifmr.search_end <= 10)) return refuse("search_range_end", ifmr.search_end, fmt::format("it is from search_range_start, {}, to 10", ifmr.search_start));
  if (!(ifmr.search_step >= 0.001 && ifmr.search_step <= 10)) return refuse("search_step", ifmr.search_step, "it is from 0.001 to 10");
  return {};
}

FloatRange find_range(const Histogram& histogram, const RangeOptions& options, bool with_offset) {
  switch (options.method) {
    case RangeMethod::MinMax: return histogram.range();
    case RangeMethod::Percentile: return range_percentile(histogram, options.percentile);
    case RangeMethod::Entropy: return range_entropy(histogram);
    case RangeMethod::Ifmr: return range_ifmr(histogram, options.ifmr, with_offset);
  }
  return histogram.range();
}

}  // namespace npu::quantize
