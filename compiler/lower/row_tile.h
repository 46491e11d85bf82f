// SPDX-License-Identifier: Apache-2.0
// Rows of fp32 values in UB that are reduced one by one: softmax, layer normalisation, reductions over trailing axes.
// One instruction works on the same 64 columns of many rows (a repeat is a row), as long as a row's pitch fits the
// repeat stride; longer rows are worked on one at a time.
#pragma once

#include <vector>

#include "compiler/lower/emitter.h"
#include "compiler/lower/vector_schedule.h"

namespace npu {

class RowTile {
 public:
  RowTile(Emitter& emitter, int64_t length);

  // Elements from row to row: whole blocks of fp16.
  int64_t pitch() const { return pitch_; }
  // The most rows of one tile when each takes `row_bytes` of UB beside what the tile itself needs; a multiple of 8, or 1.
  int64_t rows_that_fit(int64_t row_bytes, int64_t wanted) const;
  void reserve(int64_t rows);

  // dst = op(src, v) where v is a value of each row (a block of equal lanes each) or of each column.
  void with_row_values(Opcode op, int64_t dst, int64_t src, int64_t blocks, int64_t rows);
  void with_column_values(Opcode op, int64_t dst, int64_t src, int64_t values, int64_t rows);
  // All of the rows' elements, padding included.
  void unary(Opcode op, int64_t dst, int64_t src, int64_t rows) { e_.unary(op, VecType::F32, dst, src, rows * pitch_); }
  void binary(Opcode op, int64_t dst, int64_t src0, int64_t src1, int64_t rows) { e_.binary(op, VecType::F32, dst, {src0}, {src1}, rows * pitch_); }

  // The sum or maximum of each row, one after the other at the returned address.
  int64_t reduce_sum(int64_t src, int64_t rows) { return reduce(Opcode::Vadd, Opcode::Vcadd, src, rows); }
  int64_t reduce_max(int64_t src, int64_t rows) { return reduce(Opcode::Vmax, Opcode::Vcmax, src, rows); }
  // A block of equal lanes for each of the values.
  int64_t broadcast(int64_t values, int64_t rows);

  // Between rows in GM and a tile of fp16.
  void load(int64_t ub, int64_t gm, int64_t rows);
  void store(int64_t gm, int64_t ub, int64_t rows);

 private:
  template <class F>
  void for_columns(F&& emit) const;  // emit(first column, columns)
  int64_t reduce(Opcode pair, Opcode across, int64_t src, int64_t rows);
  int64_t reduce_one_row(Opcode across, int64_t src);
  ByteCopy copy(int64_t rows) const;

  Emitter& e_;
  int64_t length_, pitch_;
  bool strided_;
  int64_t partial_ = 0, scalars_ = 0, blocks_ = 0;
};

// Rows [from, to) of one core. Shares start at multiples of 16 rows: no 32 bytes of results belong to two cores.
struct RowShare {
  int64_t from, to;
};
std::vector<RowShare> share_rows(int64_t rows, int64_t cores);

// Decisions of a task over rows: units are rows, the tile is the most of them at a time. passes: over the row's fp32 values.
VectorWork row_work(const Soc& soc, int64_t rows, int64_t length, int passes);

// A stream for each share; make_block(most rows at a time) gives what runs over [from, to).
template <class Make>
Result<std::vector<Program>> emit_rows(int64_t rows, const VectorSchedule& schedule, Make&& make_block) {
  std::vector<Program> blocks;
  for (const RowShare& share : share_rows(rows, schedule.parts)) {
    NPU_TRY(Program program, make_block(std::min(share.to - share.from, schedule.tile)).run(share.from, share.to));
    blocks.push_back(std::move(program));
  }
  return blocks;
}

}  // namespace npu
