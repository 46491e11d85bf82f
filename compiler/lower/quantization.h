// SPDX-License-Identifier: Apache-2.0
// Scales and zero points of 8-bit tensors.
#pragma once

#include <optional>

#include "core/graph/graph.h"

namespace npu {

inline bool is_byte(DType dtype) { return dtype == DType::UInt8 || dtype == DType::Int8; }

struct QuantPair {
  float scale = 1;
  int64_t zero = 0;
};

// The constant scale and zero point at these inputs, or nothing when they are not one value each.
std::optional<QuantPair> quant_pair(const Graph& graph, const Node& node, size_t scale, size_t zero);

}  // namespace npu
