// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/row_tile.h"

#include <algorithm>

namespace npu {
namespace {

constexpr int64_t kLanes = 64;         // fp32 lanes of a repeat
constexpr int64_t kLaneBlocks = 8;     // fp32 lanes of a 32-byte block
constexpr int64_t kMaxStride = 255;    // blocks from repeat to repeat
constexpr int64_t kMostRows = 248;     // repeats of one instruction, in whole groups of vbrcb's 8
constexpr int64_t kSlack = 4096;       // alignment of the regions

}  // namespace

RowTile::RowTile(Emitter& emitter, int64_t length)
    : e_(emitter), length_(length), pitch_(align_up(length, 16)), strided_(pitch_ / kLaneBlocks <= kMaxStride) {}

int64_t RowTile::rows_that_fit(int64_t row_bytes, int64_t wanted) const {
  if (!strided_) return 1;
  const int64_t own = kLanes * 4 + 4 + kBlockBytes;
  const int64_t rows = (e_.free_bytes(Buffer::UB) - kSlack) / (row_bytes + own) / 8 * 8;
  return std::clamp<int64_t>(std::min(rows, align_up(wanted, 8)), 1, kMostRows);
}

void RowTile::reserve(int64_t rows) {
  partial_ = e_.reserve(Buffer::UB, strided_ ? rows * kLanes * 4 : align_up(ceil_div(length_, kLanes) * 4, 256), "partial results");
  scalars_ = e_.reserve(Buffer::UB, align_up(rows, 8) * 4, "the rows' results");
  blocks_ = e_.reserve(Buffer::UB, align_up(rows, 8) * kBlockBytes, "the rows' results, spread");
}

template <class F>
void RowTile::for_columns(F&& emit) const {
  for (int64_t column = 0; column < length_; column += kLanes) emit(column, std::min(kLanes, length_ - column));
}

void RowTile::with_row_values(Opcode op, int64_t dst, int64_t src, int64_t blocks, int64_t rows) {
  if (!strided_) return e_.binary(op, VecType::F32, dst, {src}, {blocks, true}, length_);
  const int64_t rep = pitch_ / kLaneBlocks;
  for_columns([&](int64_t column, int64_t lanes) {
    e_.masked(lanes, VecType::F32, op, {type_arg(VecType::F32), dst + column * 4, src + column * 4, blocks, rows, 1, 1, 0, rep, rep, 1});
  });
}

void RowTile::with_column_values(Opcode op, int64_t dst, int64_t src, int64_t values, int64_t rows) {
  if (!strided_) return e_.binary(op, VecType::F32, dst, {src}, {values}, length_);
  const int64_t rep = pitch_ / kLaneBlocks;
  for_columns([&](int64_t column, int64_t lanes) {
    e_.masked(lanes, VecType::F32, op, {type_arg(VecType::F32), dst + column * 4, src + column * 4, values + column * 4, rows, 1, 1, 1, rep, rep, 0});
  });
}

// Columns are folded onto the first 64, then across the lanes.
int64_t RowTile::reduce(Opcode pair, Opcode across, int64_t src, int64_t rows) {
  if (!strided_) return reduce_one_row(across, src);
  const int64_t rep = pitch_ / kLaneBlocks, type = type_arg(VecType::F32);
  int64_t from = src, from_rep = rep;
  if (length_ > kLanes) {
    for_columns([&](int64_t column, int64_t lanes) {
      if (column == 0) return;
      const bool first = column == kLanes;
      if (first && lanes < kLanes) e_.masked(kLanes, VecType::F32, Opcode::Vmuls, {type, partial_, src, rows, 1, 1, 8, rep, float_bits(1.0f)});
      const bool copied = !first || lanes < kLanes;
      e_.masked(lanes, VecType::F32, pair, {type, partial_, copied ? partial_ : src, src + column * 4, rows, 1, 1, 1, 8, copied ? 8 : rep, rep});
    });
    from = partial_, from_rep = 8;
  }
  e_.masked(std::min(length_, kLanes), VecType::F32, across, {type, scalars_, from, rows, 1, 1, from_rep});
  return scalars_;
}

int64_t RowTile::reduce_one_row(Opcode across, int64_t src) {
  const int64_t type = type_arg(VecType::F32);
  int64_t count = length_, from = src;
  while (count > 1 || from == src) {
    const int64_t full = count / kLanes, rest = count % kLanes;
    for (int64_t done = 0; done < full; done += kMaxStride)
      e_.masked(kLanes, VecType::F32, across, {type, partial_ + done * 4, from + done * kRepeatBytes, std::min(kMaxStride, full - done), 1, 1, 8});
    if (rest != 0) e_.masked(rest, VecType::F32, across, {type, partial_ + full * 4, from + full * kRepeatBytes, 1, 1, 1, 8});
    count = full + (rest != 0);
    from = partial_;
  }
  return partial_;
}

int64_t RowTile::broadcast(int64_t values, int64_t rows) {
  e_.push(Opcode::Vbrcb, {type_arg(VecType::F32), blocks_, values, ceil_div(rows, 8)});
  return blocks_;
}

ByteCopy RowTile::copy(int64_t rows) const {
  const bool dense = pitch_ == length_;
  if (dense) return {.bytes = rows * length_ * 2};
  return {.bursts = rows, .bytes = length_ * 2, .ub_gap = (pitch_ * 2 - align_up(length_ * 2, kBlockBytes)) / kBlockBytes};
}

void RowTile::load(int64_t ub, int64_t gm, int64_t rows) { e_.gm_to_ub_bytes(ub, gm, copy(rows)); }
void RowTile::store(int64_t gm, int64_t ub, int64_t rows) { e_.ub_to_gm_bytes(gm, ub, copy(rows)); }

std::vector<RowShare> share_rows(int64_t rows, int64_t cores) {
  const int64_t groups = ceil_div(rows, 16), parts = std::min(groups, cores);
  std::vector<RowShare> shares;
  for (int64_t i = 0; i < parts; ++i) shares.push_back({groups * i / parts * 16, std::min(groups * (i + 1) / parts * 16, rows)});
  return shares;
}

VectorWork row_work(const Soc& soc, int64_t rows, int64_t length, int passes) {
  const auto bytes = static_cast<double>(align_up(length, 16) * 4);
  const int64_t most = std::min<int64_t>(soc.cores_for(true), ceil_div(rows, 16));
  VectorWork work{.units = rows, .most_parts = most, .tile_step = 8, .least_tile = 8, .most_tile = kMostRows};
  work.cost = {.in_bytes = bytes / 2, .out_bytes = bytes / 2, .vector_cycles = bytes * passes / kRepeatBytes, .tile_cycles = 20.0 * passes};
  work.fallback = {.parts = most, .tile = kMostRows, .slots = 2};
  return work;
}

}  // namespace npu
