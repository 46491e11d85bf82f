// SPDX-License-Identifier: Apache-2.0
// The shapes of Attention and FlexAttention.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

// Concrete sizes. Heads are either an axis of their own or inside of the last one (three-dimensional inputs).
struct AttentionSizes {
  int64_t batch, q_heads, kv_heads, q_steps, kv_steps, past_steps, size, v_size;
  bool heads_inside;

  int64_t total_steps() const { return past_steps + kv_steps; }
  int64_t group() const { return q_heads / kv_heads; }
  // Where a head's row of a step begins, in elements.
  int64_t offset(int64_t b, int64_t h, int64_t s, int64_t heads, int64_t steps, int64_t row) const {
    return (heads_inside ? (b * steps + s) * heads + h : (b * heads + h) * steps + s) * row;
  }
};

// A row of `to` as a sum of rows of `from` with these weights: to[j] += weight * from[j].
inline void add_scaled(double* to, double weight, const double* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += weight * from[i];
}

// In place; a row with nothing but minus infinity becomes zeros.
void softmax_row(double* row, int64_t count);

}  // namespace npu::detail
