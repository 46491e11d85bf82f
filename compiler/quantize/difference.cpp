// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "compiler/quantize/quantize.h"

namespace npu::quantize {
namespace {

// Calls row(begin, end) for the rows along the last axis of each batch's first output.
template <class F>
double share_of_rows(const BatchOutputs& outputs, F&& right) {
  size_t rows = 0, good = 0;
  for (size_t b = 0; b < outputs.size(); ++b) {
    const Tensor& scores = outputs[b].front();
    const std::vector<double> values = scores.to_doubles();
    const size_t width = scores.shape().empty() ? 1 : static_cast<size_t>(std::max<int64_t>(scores.shape().back(), 1));
    for (size_t begin = 0; begin + width <= values.size(); begin += width, ++rows) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(begin);
      good += right(b, begin / width, rows, std::max_element(from, from + static_cast<std::ptrdiff_t>(width)) - from);
    }
  }
  return rows ? static_cast<double>(good) / static_cast<double>(rows) : 1;
}

std::vector<std::vector<int64_t>> best_of(const BatchOutputs& outputs) {
  std::vector<std::vector<int64_t>> best(outputs.size());
  share_of_rows(outputs, [&](size_t batch, size_t, size_t, int64_t index) { return best[batch].push_back(index), true; });
  return best;
}

}  // namespace

Score top1_agreement() {
  return [](const BatchOutputs& outputs, const BatchOutputs& of_floats) {
    const auto expected = best_of(of_floats);
    return share_of_rows(outputs, [&](size_t batch, size_t row, size_t, int64_t index) { return expected[batch][row] == index; });
  };
}

Score top1_accuracy(std::vector<int64_t> labels) {
  return [labels = std::move(labels)](const BatchOutputs& outputs, const BatchOutputs&) {
    return share_of_rows(outputs, [&](size_t, size_t, size_t row, int64_t index) { return row < labels.size() && labels[row] == index; });
  };
}

Score least_cosine() {
  return [](const BatchOutputs& outputs, const BatchOutputs& of_floats) {
    double least = 1;
    for (size_t b = 0; b < outputs.size(); ++b)
      for (size_t i = 0; i < outputs[b].size(); ++i) {
        Difference difference;
        difference.add(of_floats[b][i], outputs[b][i]);
        least = std::min(least, difference.cosine());
      }
    return least;
  };
}

void Difference::add(const Tensor& exact, const Tensor& other) {
  const std::vector<double> a = exact.to_doubles(), b = other.to_doubles();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    signal_ += a[i] * a[i];
    other_ += b[i] * b[i];
    product_ += a[i] * b[i];
    noise_ += (a[i] - b[i]) * (a[i] - b[i]);
  }
}

double Difference::noise_share() const { return signal_ > 0 ? noise_ / signal_ : noise_ > 0 ? 1e20 : 0; }
double Difference::sqnr_db() const { return std::clamp(-10 * std::log10(std::max(noise_share(), 1e-20)), -200.0, 200.0); }
double Difference::cosine() const {
  if (noise_ == 0) return 1;
  return signal_ > 0 && other_ > 0 ? product_ / std::sqrt(signal_ * other_) : 0;
}

}  // namespace npu::quantize
