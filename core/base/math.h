// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace npu {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t align_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// a * b, or false when it does not fit: sizes that come from files go through here.
inline bool multiply_checked(int64_t a, int64_t b, int64_t& out) { return !__builtin_mul_overflow(a, b, &out); }

}  // namespace npu
