// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/attention.h"

#include <limits>

#include "core/ops/detail/math_functions.h"

namespace npu::detail {

void softmax_row(double* row, int64_t count) {
  double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t i = 0; i < count; ++i)
    if (row[i] > maximum || row[i] != row[i]) maximum = row[i];
  if (maximum == -std::numeric_limits<double>::infinity()) {
    std::fill_n(row, count, 0.0);
    return;
  }
  for (int64_t i = 0; i < count; ++i) sum += row[i] = fixed::exp(row[i] - maximum);
  for (int64_t i = 0; i < count; ++i) row[i] /= sum;
}

}  // namespace npu::detail
