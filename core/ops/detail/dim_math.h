// SPDX-License-Identifier: Apache-2.0
// Arithmetic on dimensions that may be symbols: the result is known, the same symbol, or unknown.
#pragma once

#include <span>

#include "core/base/math.h"
#include "core/graph/graph.h"

namespace npu::detail {

// Sizes that overflow become unknown here; the verifier refuses static shapes that are too large.
inline Dim multiply(const Dim& a, const Dim& b) {
  int64_t product = 0;
  if (a.known() && b.known()) return multiply_checked(a.value(), b.value(), product) ? Dim(product) : Dim();
  if (a.known()) return a.value() == 1 ? b : a.value() == 0 ? a : Dim();
  if (b.known()) return b.value() == 1 ? a : b.value() == 0 ? b : Dim();
  return Dim();
}

inline Dim add(const Dim& a, const Dim& b) {
  int64_t sum = 0;
  if (a.known() && b.known()) return __builtin_add_overflow(a.value(), b.value(), &sum) ? Dim() : Dim(sum);
  if (a.known() && a.value() == 0) return b;
  if (b.known() && b.value() == 0) return a;
  return Dim();
}

inline Dim product(std::span<const Dim> dims) {
  Dim result(1);
  for (const Dim& dim : dims) result = multiply(result, dim);
  return result;
}

}  // namespace npu::detail
