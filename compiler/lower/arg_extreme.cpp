// SPDX-License-Identifier: Apache-2.0
// ArgMax and ArgMin over the last axis by vcmax and vcmin, which give the number of the lane. Rows of one repeat: many at a time,
// their numbers spread to int64 in UB. Longer ones: level by level, the scalar unit puts the numbers together.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kLanes = 128;       // fp16 lanes of a repeat
constexpr int64_t kTileRows = 240;    // of short rows: repeats of one instruction, whole groups of 16
constexpr int64_t kMostLong = 1 << 12;  // rows of more than a repeat: about 40 instructions each
enum Order : int64_t { kValue = 0, kNumber = 3 };

class ShortRows {
 public:
  ShortRows(const Soc& soc, Opcode op, int64_t length, int64_t src, int64_t dst)
      : soc_(soc), op_(op), length_(length), src_(src), dst_(dst), e_(soc), tile_(e_, length), half_(e_, Buffer::UB, kTileRows * tile_.pitch() * 2, 2, "the rows"),
        numbers_(cleared("the numbers")), turned_(cleared("the numbers, turned")), sparse_(cleared("every fourth row")), columns_(cleared("every fourth column")),
        out_(e_, Buffer::UB, kNumbers * 8, 2, "the result") {}

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, to - row), half = half_.next();
      tile_.load(half, src_ + row * length_ * 2, rows);
      e_.masked(length_, VecType::F16, op_, {type_arg(VecType::F16), numbers_, half, rows, 1, 1, tile_.pitch() * 2 / kBlockBytes, kNumber});
      e_.ub_to_gm_bytes(dst_ + row * 8, widened(), {.bytes = rows * 8});
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  static constexpr int64_t kNumbers = 256;  // 16-bit values that one vtranspose takes

  int64_t cleared(const char* purpose) {
    const int64_t ub = e_.reserve(Buffer::UB, kNumbers * 2, purpose);
    e_.fill(VecType::F16, ub, 0, kNumbers);
    return ub;
  }

  // The numbers as int64. Turned by 16 x 16, four of their rows at a time are spread to every fourth row, turned back, and are then the
  // low quarters of four int64 in each block.
  int64_t widened() {
    const int64_t out = out_.next();
    e_.push(Opcode::Vtranspose, {turned_, numbers_});
    for (int64_t part = 0; part < 4; ++part) {
      e_.ub_to_ub(sparse_, turned_ + part * 4 * kBlockBytes, {.bursts = 4, .blocks = 1, .dst_gap = 3});
      e_.push(Opcode::Vtranspose, {columns_, sparse_});
      e_.ub_to_ub(out + part * kBlockBytes, columns_, {.bursts = 16, .blocks = 1, .dst_gap = 3});
    }
    return out;
  }

  const Soc& soc_;
  Opcode op_;
  int64_t length_, src_, dst_;
  Emitter e_;
  RowTile tile_;
  Ring half_;
  int64_t numbers_, turned_, sparse_, columns_;
  Ring out_;
};

class LongRows {
 public:
  LongRows(const Soc& soc, Opcode op, int64_t length, int64_t src, int64_t dst)
      : soc_(soc), op_(op), length_(length), src_(src), dst_(dst), e_(soc), half_(e_.reserve(Buffer::UB, align_up(length, 16) * 2, "the row")) {
    for (int64_t count = length; count > 1; count = ceil_div(count, kLanes))
      levels_.push_back({count, e_.reserve(Buffer::UB, align_up(ceil_div(count, kLanes), 16) * 2, "the best values"),
                         e_.reserve(Buffer::UB, align_up(ceil_div(count, kLanes), 16) * 2, "their numbers")});
  }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) {
      e_.gm_to_ub_bytes(half_, src_ + row * length_ * 2, {.bytes = length_ * 2});
      int64_t src = half_;
      for (const Level& level : levels_) {
        reduce(level.values, src, level.count, kValue);
        reduce(level.numbers, src, level.count, kNumber);
        src = level.values;
      }
      put_together(row);
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  struct Level {
    int64_t count, values, numbers;
  };
  enum Register : int64_t { kIndex = 1, kPlace, kLane };

  void reduce(int64_t dst, int64_t src, int64_t count, Order order) {
    constexpr int64_t kMostRepeats = 255;
    const auto emit = [&](int64_t first, int64_t lanes, int64_t repeats) {
      e_.masked(lanes, VecType::F16, op_, {type_arg(VecType::F16), dst + first * 2, src + first * kRepeatBytes, repeats, 1, 1, 8, order});
    };
    const int64_t full = count / kLanes;
    for (int64_t done = 0; done < full; done += kMostRepeats) emit(done, kLanes, std::min(kMostRepeats, full - done));
    if (count % kLanes != 0) emit(full, count % kLanes, 1);
  }

  // The number of a level's best is the place where the level below has its own.
  void put_together(int64_t row) {
    e_.push(Opcode::LdUb, {kIndex, levels_.back().numbers, kNoRegister, 1, 0});
    for (auto level = levels_.rbegin() + 1; level != levels_.rend(); ++level) {
      e_.push(Opcode::Shl, {kPlace, kIndex, kNoRegister, 1});
      e_.push(Opcode::LdUb, {kLane, level->numbers, kPlace, 1, 0});
      e_.push(Opcode::Mul, {kIndex, kIndex, kNoRegister, kLanes});
      e_.push(Opcode::Add, {kIndex, kIndex, kLane, 0});
    }
    e_.push(Opcode::StGm, {kIndex, dst_ + row * 8, kNoRegister, 3});
  }

  const Soc& soc_;
  Opcode op_;
  int64_t length_, src_, dst_;
  Emitter e_;
  int64_t half_;
  std::vector<Level> levels_;
};

}  // namespace

std::optional<std::string> reject_arg(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  const auto rank = static_cast<int64_t>(x.dims.size());
  const int64_t axis = node.int_attr("axis", 0);
  if (rank == 0) return "scalar";
  if (axis != -1 && axis != rank - 1) return fmt::format("axis {} of {}", axis, rank);
  if (node.int_attr("select_last_index", 0) != 0) return "select_last_index";
  const int64_t length = x.dims.back().value(), elements = element_count(to_shape(x.dims));
  if (elements == 0) return "empty tensor";
  if (length <= kLanes) return std::nullopt;
  if (elements / length > kMostLong) return fmt::format("{} rows of {} values", elements / length, length);
  if (length * 2 + length / 32 + 4096 > soc.ub) return fmt::format("UB budget: a row of {} values needs {} bytes > {}", length, length * 2 + length / 32 + 4096, soc.ub);
  return std::nullopt;
}

Status lower_arg(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const Opcode op = node.op == "ArgMax" ? Opcode::Vcmax : Opcode::Vcmin;
  const int64_t src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  for (const RowShare& share : share_rows(element_count(x) / x.back(), context.soc.cores_for(true))) {
    NPU_TRY(Program program, x.back() <= kLanes ? ShortRows(context.soc, op, x.back(), src, dst).run(share.from, share.to)
                                                : LongRows(context.soc, op, x.back(), src, dst).run(share.from, share.to));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
