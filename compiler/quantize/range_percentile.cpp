// SPDX-License-Identifier: Apache-2.0
// Source: H. Wu et al., "Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation" (2020), 3.3: the
// range that holds a share of the values; what is left out is half below, half above, as ONNX Runtime's calibrator takes it.
#include <algorithm>

#include "compiler/quantize/percentile.h"
#include "compiler/quantize/ranges.h"

namespace npu::quantize {

double value_at(const Histogram& histogram, double share) {
  const double wanted = share * static_cast<double>(histogram.total());
  double below = 0;
  for (size_t bin = 0; bin < Histogram::kBins; ++bin) {
    const auto here = static_cast<double>(histogram.counts()[bin]);
    if (here > 0 && below + here >= wanted) return static_cast<double>(histogram.range().low) + (static_cast<double>(bin) + (wanted - below) / here) * histogram.width();
    below += here;
  }
  return static_cast<double>(histogram.range().high);
}

FloatRange range_percentile(const Histogram& histogram, double share) {
  const double cut = (1 - share) / 2;
  return {static_cast<float>(value_at(histogram, cut)), static_cast<float>(value_at(histogram, 1 - cut))};
}

}  // namespace npu::quantize
