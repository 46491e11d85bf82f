// SPDX-License-Identifier: Apache-2.0
// Which real numbers the 256 steps of an 8-bit tensor stand for: what is seen of a tensor, and four searches for its range.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace npu::quantize {

struct FloatRange {
  float low = 0, high = 0;

  friend bool operator==(const FloatRange&, const FloatRange&) = default;
};

// A tensor's values counted in equal bins from the lowest to the highest.
class Histogram {
 public:
  static constexpr size_t kBins = 8192;

  // Precondition: finite, range.low <= range.high.
  explicit Histogram(FloatRange range) : range_(range) {}

  // Values outside the range count in the outermost bins.
  void add(std::span<const float> values);

  FloatRange range() const { return range_; }
  double width() const { return (static_cast<double>(range_.high) - static_cast<double>(range_.low)) / kBins; }  // of a bin
  double centre(size_t bin) const { return static_cast<double>(range_.low) + (static_cast<double>(bin) + 0.5) * width(); }
  const std::array<int64_t, kBins>& counts() const { return counts_; }
  int64_t total() const { return total_; }

 private:
  FloatRange range_;
  std::array<int64_t, kBins> counts_{};
  int64_t total_ = 0;
};

enum class RangeMethod : uint8_t { MinMax, Percentile, Entropy, Ifmr };
std::string_view to_string(RangeMethod method);  // "minmax", "percentile", "entropy", "ifmr"
Result<RangeMethod> parse_method(std::string_view text);

// One 8-bit type for a tensor: real = scale * (integer - zero).
struct QuantParams {
  float scale = 1;
  int32_t zero = 0;
  DType dtype = DType::UInt8;

  int32_t lowest() const { return dtype == DType::Int8 ? -128 : 0; }
  int32_t highest() const { return lowest() + 255; }
  FloatRange range() const;
  // To the nearest step, halves to even, and back.
  float round_trip(float value) const;
};

// The range widened to hold zero. with_offset: UInt8 with a zero point; else Int8, symmetric, whose zero is 0.
QuantParams params_of(FloatRange range, bool with_offset);

struct IfmrOptions {
  double search_start = 0.7, search_end = 1.3, search_step = 0.01;  // factors on the range that the percentiles give
  double max_percentile = 0.999999, min_percentile = 0.999999;      // shares of the values below the first high, above the first low
};

struct RangeOptions {
  RangeMethod method = RangeMethod::Ifmr;
  double percentile = 0.99999;  // share of the values inside the range
  IfmrOptions ifmr;
};

// InvalidArgument with the value that makes no sense.
Status check_options(const RangeOptions& options);

FloatRange range_percentile(const Histogram& histogram, double share);
FloatRange range_entropy(const Histogram& histogram);
FloatRange range_ifmr(const Histogram& histogram, const IfmrOptions& options, bool with_offset);
// Of the method that options names; min-max is the histogram's range.
FloatRange find_range(const Histogram& histogram, const RangeOptions& options, bool with_offset);

}  // namespace npu::quantize
