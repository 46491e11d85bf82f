// SPDX-License-Identifier: Apache-2.0
// What the numbers of a constant are like.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "core/tensor/tensor.h"

namespace npu::ui {

inline constexpr size_t kHistogramBins = 32;

// Of the finite elements; without any, all are zero.
struct WeightStats {
  int64_t count = 0;          // of all elements
  int64_t not_finite = 0;
  int64_t zeros = 0;
  double min = 0, max = 0, mean = 0;
  double deviation = 0;       // of the population
  std::array<int64_t, kHistogramBins> bins{};  // equal steps from min to max, max in the last one
};

// Empty: cancelled, or the elements are strings.
std::optional<WeightStats> weight_stats(const Tensor& tensor, const std::atomic<bool>* cancelled = nullptr);

}  // namespace npu::ui
