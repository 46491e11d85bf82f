// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/transpose_copy.h"

#include <algorithm>

namespace npu {
namespace {

constexpr int64_t kFewest = 8;      // a side shorter than this wastes half of each 16x16 block
constexpr int64_t kMostSide = 4080; // 255 repeats of 16; n_burst of a copy holds 4095

// Elements of a source tile: rows x columns, both multiples of 16; the tile and its transpose share a slot.
struct TileSize {
  int64_t rows, columns;
};

TileSize tile_size(const TransposeCopy& copy, int64_t slot_bytes) {
  const int64_t most = slot_bytes / 2 / 2;
  const auto fit = [most](int64_t wanted, int64_t other) { return std::min({align_up(wanted, 16), most / other / 16 * 16, kMostSide}); };
  const int64_t columns = std::min<int64_t>(align_up(copy.along.size, 16), 256);
  const int64_t rows = fit(copy.across.size, columns);
  return {rows, fit(copy.along.size, rows)};
}

void emit_tile(Emitter& e, int64_t in, int64_t out, int64_t src, int64_t dst, const TransposeCopy& copy, int64_t rows, int64_t columns) {
  const int64_t row_blocks = ceil_div(rows, 16), column_blocks = ceil_div(columns, 16);
  e.gm_to_ub_bytes(in, src, {.bursts = rows, .bytes = columns * 2, .gm_gap = (copy.across.src_stride - columns) * 2});
  if (rows % 16 != 0) e.fill(VecType::F16, in + rows * column_blocks * 32, 0, (row_blocks * 16 - rows) * column_blocks * 16);
  for (int64_t r = 0; r < row_blocks; ++r)
    e.push(Opcode::ScatterVnchwconvB16, {out + r * 32, in + r * 16 * column_blocks * 32, column_blocks, row_blocks, column_blocks, 16 * row_blocks, 1});
  e.ub_to_gm_bytes(dst, out, {.bursts = columns, .bytes = rows * 2, .gm_gap = (copy.along.dst_stride - rows) * 2});
}

}  // namespace

std::optional<TransposeCopy> as_transpose(const StridedCopy& copy) {
  if (copy.element != 2) return std::nullopt;
  const auto along = std::ranges::find(copy.dims, 1, &CopyDim::src_stride), across = std::ranges::find(copy.dims, 1, &CopyDim::dst_stride);
  if (along == copy.dims.end() || across == copy.dims.end() || along == across) return std::nullopt;
  // Gaps between bursts cannot be negative.
  if (across->src_stride < along->size || along->dst_stride < across->size) return std::nullopt;
  if (std::min(along->size, across->size) < kFewest) return std::nullopt;
  TransposeCopy found{*along, *across, {}};
  for (auto dim = copy.dims.begin(); dim != copy.dims.end(); ++dim)
    if (dim != along && dim != across) found.loops.push_back(*dim);
  return found;
}

int64_t transpose_loads(const TransposeCopy& copy, int64_t slot_bytes) {
  const TileSize tile = tile_size(copy, slot_bytes);
  int64_t count = ceil_div(copy.across.size, tile.rows) * ceil_div(copy.along.size, tile.columns);
  for (const CopyDim& dim : copy.loops) count *= dim.size;
  return count;
}

void emit_transpose(Emitter& e, Ring& ring, int64_t slot_bytes, const StridedCopy& place, const TransposeCopy& copy) {
  const TileSize tile = tile_size(copy, slot_bytes);
  std::vector<int64_t> index(copy.loops.size(), 0);
  for (;;) {
    int64_t src = place.src, dst = place.dst;
    for (size_t d = 0; d < index.size(); ++d) {
      src += index[d] * copy.loops[d].src_stride * 2;
      dst += index[d] * copy.loops[d].dst_stride * 2;
    }
    for (int64_t row = 0; row < copy.across.size; row += tile.rows)
      for (int64_t column = 0; column < copy.along.size; column += tile.columns) {
        const int64_t in = ring.next(), out = in + slot_bytes / 2 / 32 * 32;
        emit_tile(e, in, out, src + (row * copy.across.src_stride + column) * 2, dst + (column * copy.along.dst_stride + row) * 2, copy,
                  std::min(tile.rows, copy.across.size - row), std::min(tile.columns, copy.along.size - column));
      }
    size_t d = index.size();
    while (d > 0 && ++index[d - 1] == copy.loops[d - 1].size) index[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace npu
