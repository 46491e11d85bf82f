// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/weight_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace npu::ui {
namespace {

constexpr int64_t kPiece = 1 << 16;  // elements between two looks at `cancelled`

// Calls f(value) for each element as a double; false: cancelled.
template <class F>
bool each_element(const Tensor& tensor, const std::atomic<bool>* cancelled, F&& f) {
  const int64_t count = tensor.elements();
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    if (cancelled && *cancelled) return false;
    const int64_t length = std::min(kPiece, count - begin);
    const auto size = static_cast<int64_t>(dtype_size(tensor.dtype()));
    const Bytes bytes = tensor.bytes().subspan(static_cast<size_t>(begin * size), static_cast<size_t>(length * size));
    for (const double value : Tensor::view(tensor.dtype(), {length}, bytes, nullptr).to_doubles()) f(value);
  }
  return true;
}

}  // namespace

std::optional<WeightStats> weight_stats(const Tensor& tensor, const std::atomic<bool>* cancelled) {
  if (tensor.empty() || tensor.dtype() == DType::String) return std::nullopt;
  WeightStats stats;
  stats.count = tensor.elements();
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0;
  int64_t finite = 0;
  const bool seen = each_element(tensor, cancelled, [&](double v) {
    if (!std::isfinite(v)) return void(++stats.not_finite);
    low = std::min(low, v), high = std::max(high, v);
    sum += v;
    stats.zeros += v == 0;
    ++finite;
  });
  if (!seen) return std::nullopt;
  if (finite == 0) return stats;
  stats.min = low, stats.max = high, stats.mean = sum / static_cast<double>(finite);
  double squares = 0;
  const double scale = high > low ? kHistogramBins / (high - low) : 0;
  const bool again = each_element(tensor, cancelled, [&](double v) {
    if (!std::isfinite(v)) return;
    squares += (v - stats.mean) * (v - stats.mean);
    ++stats.bins[std::min(kHistogramBins - 1, static_cast<size_t>((v - low) * scale))];
  });
  if (!again) return std::nullopt;
  stats.deviation = std::sqrt(squares / static_cast<double>(finite));
  return stats;
}

}  // namespace npu::ui
