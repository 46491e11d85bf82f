// SPDX-License-Identifier: Apache-2.0
// Attention as one task: scores, softmax and context of some queries without leaving the core.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/rule.h"
#include "compiler/lower/stack.h"

namespace npu {

enum class MaskKind : uint8_t { None, Row, Full };  // one value a key, or one for each query and key

// The operands of a ScaledDotProductAttention; all of the same batch sizes.
struct Attention {
  Stack q, k, v, y, mask;      // k as [steps, size]
  std::vector<int64_t> batch;
  int64_t items = 1;           // products of the batch sizes
  MaskKind mask_kind = MaskKind::None;
  float scale = 1;

  int64_t queries() const { return q.rows; }
  int64_t keys() const { return k.rows; }
  int64_t size() const { return q.columns; }
  int64_t v_size() const { return v.columns; }
};

struct AttentionAddresses {
  int64_t q = 0, k = 0, v = 0, y = 0, mask = 0;
  int64_t zeros = 0;  // 512 zero bytes
};

// The most queries of one tile, in whole blocks of 16; 0 when not even one block fits the core's buffers.
int64_t attention_tile(const Soc& soc, const Attention& a);

// One stream for each core that gets some of the (item, tile of queries) pairs.
Result<std::vector<Program>> emit_attention(const Soc& soc, const Attention& a, const AttentionAddresses& at);

}  // namespace npu
