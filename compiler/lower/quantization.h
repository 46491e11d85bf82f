// SPDX-License-Identifier: Apache-2.0
// Scales and zero points of 8-bit tensors.
#pragma once

#include <optional>

#include "compiler/lower/emitter.h"
#include "core/graph/graph.h"

namespace npu {

inline bool is_byte(DType dtype) { return dtype == DType::UInt8 || dtype == DType::Int8; }

struct QuantPair {
  float scale = 1;
  int64_t zero = 0;
};

// The constant scale and zero point at these inputs, or nothing when they are not one value each.
std::optional<QuantPair> quant_pair(const Graph& graph, const Node& node, size_t scale, size_t zero);

// half = values rounded to integers, plus zero, as fp16: by way of s32, because fp16 would round a second time. The values (fp32, in
// UB) are used up.
void round_to_halves(Emitter& emitter, int64_t half, int64_t values, int64_t zero, int64_t count);

}  // namespace npu
