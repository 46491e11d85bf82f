// SPDX-License-Identifier: Apache-2.0
// What a pooling node says.
#pragma once

#include "compiler/lower/rule.h"

namespace npu {

struct PoolShape {
  int64_t planes;  // of 32 bytes a pixel
  int64_t h, w, ho, wo, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr;
  bool average, include_pad;

  int64_t span_h() const { return (kh - 1) * dh + 1; }
  int64_t padded_w() const { return (wo - 1) * sw + (kw - 1) * dw + 1; }
  int64_t slab_rows(int64_t rows) const { return (rows - 1) * sh + span_h(); }
  // Of a tile in UB: rows at a pitch that the stride divides, and rows that maxima by doubling go back and forth between.
  int64_t pitch() const { return align_up(padded_w(), sw); }
  int64_t out_pitch() const { return pitch() / sw; }
  bool doubles_h() const { return !average && sh == 1 && dh == 1; }
  bool doubles_w() const { return !average && sw == 1 && dw == 1 && kw > 1; }
  int64_t column_rows(int64_t rows) const { return doubles_h() ? slab_rows(rows) : rows; }
  int64_t tile_bytes(int64_t rows) const { return (slab_rows(rows) * pitch() + column_rows(rows) * pitch() + rows * out_pitch()) * 32 + 2048; }
};

PoolShape pool_shape(const Graph& graph, const Node& node);

// MaxPool on int8 and uint8 (pool_bytes.cpp).
std::optional<std::string> reject_pool_bytes(const PoolShape& shape, const Soc& soc);
Status lower_pool_bytes(LowerContext& context, const Node& node, const PoolShape& shape, Task& task);

}  // namespace npu
