// SPDX-License-Identifier: Apache-2.0
// The p-norm of the Lp pools.
#pragma once

#include <cmath>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/math_functions.h"

namespace npu::detail {

inline Status require_power(const InferContext& ctx) {
  const int64_t p = ctx.node().int_attr("p", 2);
  if (p < 1 || p > 1024) return ctx.error(fmt::format("p is {}, needs 1 to 1024", p));
  return {};
}

inline double power_of(double x, int64_t p) {
  const double magnitude = std::abs(x);
  return p == 1 ? magnitude : p == 2 ? magnitude * magnitude : fixed::pow(magnitude, static_cast<double>(p));
}

inline double root_of(double sum, int64_t p) {
  return p == 1 ? sum : p == 2 ? std::sqrt(sum) : fixed::pow(sum, 1 / static_cast<double>(p));
}

}  // namespace npu::detail
