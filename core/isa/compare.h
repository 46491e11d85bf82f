// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/isa/isa.h"

namespace npu {

// What a comparison row says of two values; of unordered ones only Ne holds.
template <class T>
constexpr bool compare(T a, T b, CompareMode mode) {
  switch (mode) {
    case CompareMode::Eq: return a == b;
    case CompareMode::Ne: return a != b;
    case CompareMode::Lt: return a < b;
    case CompareMode::Le: return a <= b;
    case CompareMode::Gt: return a > b;
    case CompareMode::Ge: return a >= b;
  }
  return false;
}

}  // namespace npu
