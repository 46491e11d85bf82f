// SPDX-License-Identifier: Apache-2.0
// Layer normalisation over trailing axes, with or without subtracting the mean (RMSNormalization): rows in UB, statistics
// and arithmetic in fp32, rounded to fp16 once.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

struct LayerNorm {
  int64_t rows = 1, length = 1;
  float epsilon = 1e-5f;
  bool centred = true;
  int64_t src = 0, dst = 0, scale = -1, shift = -1;  // device addresses; scale and shift in fp32, padded to blocks; -1: 1 and 0
};

Shape normalised(const Graph& graph, const Node& node) {
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims);
  const int64_t axis = node.int_attr("axis", -1), rank = static_cast<int64_t>(x.size());
  return {x.begin() + (axis < 0 ? axis + rank : axis), x.end()};
}

class LayerNormBlock {
 public:
  LayerNormBlock(const Soc& soc, const LayerNorm& norm, int64_t rows, int slots)
      : soc_(soc), norm_(norm), e_(soc), tile_(e_, norm.length), scale_(column_values(norm.scale)), shift_(column_values(norm.shift)),
        rows_(tile_.rows_that_fit(tile_.pitch() * (slots * 2 + 2 * 4), rows)), half_(e_, Buffer::UB, rows_ * tile_.pitch() * 2, slots, "the rows"),
        wide_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the rows in fp32")),
        squares_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "their squares")) {
    tile_.reserve(rows_);
  }

  Status status() const { return e_.status(); }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row += rows_) some_rows(row, std::min(rows_, to - row));
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t column_values(int64_t address) {
    if (address < 0) return -1;
    const int64_t ub = e_.reserve(Buffer::UB, tile_.pitch() * 4, "scale and shift");
    e_.gm_to_ub(ub, address, {.blocks = tile_.pitch() * 4 / kBlockBytes});
    return ub;
  }

  void some_rows(int64_t row, int64_t rows) {
    const int64_t half = half_.next(), count = rows * tile_.pitch();
    const float share = 1.0f / static_cast<float>(norm_.length);
    tile_.load(half, norm_.src + row * norm_.length * 2, rows);
    e_.convert(VecType::F32, VecType::F16, wide_, half, count);
    if (norm_.centred) {
      const int64_t means = tile_.reduce_sum(wide_, rows);
      e_.scalar(Opcode::Vmuls, VecType::F32, means, means, share, rows);
      tile_.with_row_values(Opcode::Vsub, wide_, wide_, tile_.broadcast(means, rows), rows);
    }
    tile_.binary(Opcode::Vmul, squares_, wide_, wide_, rows);
    const int64_t factors = tile_.reduce_sum(squares_, rows);
    e_.scalar(Opcode::Vmuls, VecType::F32, factors, factors, share, rows);
    e_.scalar(Opcode::Vadds, VecType::F32, factors, factors, norm_.epsilon, rows);
    e_.unary(Opcode::Vrsqrt, VecType::F32, factors, factors, rows);
    tile_.with_row_values(Opcode::Vmul, wide_, wide_, tile_.broadcast(factors, rows), rows);
    if (scale_ >= 0) tile_.with_column_values(Opcode::Vmul, wide_, wide_, scale_, rows);
    if (shift_ >= 0) tile_.with_column_values(Opcode::Vadd, wide_, wide_, shift_, rows);
    e_.convert(VecType::F16, VecType::F32, half, wide_, count);
    tile_.store(norm_.dst + row * norm_.length * 2, half, rows);
  }

  const Soc& soc_;
  const LayerNorm& norm_;
  Emitter e_;
  RowTile tile_;
  int64_t scale_, shift_;
  int64_t rows_;
  Ring half_;
  int64_t wide_, squares_;
};

// Rows that do not fit UB: each is read three times in pieces, for its mean, its variance and the result.
class LongLayerNormBlock {
 public:
  LongLayerNormBlock(const Soc& soc, const LayerNorm& norm)
      : soc_(soc), norm_(norm), e_(soc), whole_(e_, kPiece), rest_(e_, std::max<int64_t>(1, norm.length % kPiece)), half_(e_, Buffer::UB, kPiece * 2, 2, "a piece"),
        columns_(e_, Buffer::UB, kPiece * 4, 2, "scale and shift"), wide_(e_.reserve(Buffer::UB, kPiece * 4, "a piece in fp32")),
        statistics_(e_.reserve(Buffer::UB, 2 * kBlockBytes, "mean and variance")) {
    whole_.reserve(1);
    rest_.reserve(1);
  }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) one_row(row);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

  static constexpr int64_t kPiece = 8192;

 private:
  template <class F>
  void for_pieces(int64_t row, F&& use) {
    for (int64_t at = 0; at < norm_.length; at += kPiece) {
      const int64_t count = std::min(kPiece, norm_.length - at), half = half_.next();
      RowTile& tile = count == kPiece ? whole_ : rest_;
      tile.load(half, norm_.src + (row * norm_.length + at) * 2, 1);
      e_.convert(VecType::F32, VecType::F16, wide_, half, tile.pitch());
      use(tile, at, count, half);
    }
  }

  void add_up(int64_t sum, RowTile& tile, int64_t values) { e_.binary(Opcode::Vadd, VecType::F32, sum, {sum}, {tile.reduce_sum(values, 1)}, 1); }

  void one_row(int64_t row) {
    const int64_t mean = statistics_, factor = statistics_ + kBlockBytes;
    const float share = 1.0f / static_cast<float>(norm_.length);
    e_.fill(VecType::F32, statistics_, 0, 2 * kBlockBytes / 4);
    if (norm_.centred) for_pieces(row, [&](RowTile& tile, int64_t, int64_t, int64_t) { add_up(mean, tile, wide_); });
    e_.scalar(Opcode::Vmuls, VecType::F32, mean, mean, share, 1);
    for_pieces(row, [&](RowTile& tile, int64_t, int64_t, int64_t) {
      tile.with_row_values(Opcode::Vsub, wide_, wide_, tile.broadcast(mean, 1), 1);
      tile.binary(Opcode::Vmul, wide_, wide_, wide_, 1);
      add_up(factor, tile, wide_);
    });
    e_.scalar(Opcode::Vmuls, VecType::F32, factor, factor, share, 1);
    e_.scalar(Opcode::Vadds, VecType::F32, factor, factor, norm_.epsilon, 1);
    e_.unary(Opcode::Vrsqrt, VecType::F32, factor, factor, 1);
    for_pieces(row, [&](RowTile& tile, int64_t at, int64_t count, int64_t half) {
      tile.with_row_values(Opcode::Vsub, wide_, wide_, tile.broadcast(mean, 1), 1);
      tile.with_row_values(Opcode::Vmul, wide_, wide_, tile.broadcast(factor, 1), 1);
      with_columns(Opcode::Vmul, norm_.scale, tile, at, count);
      with_columns(Opcode::Vadd, norm_.shift, tile, at, count);
      e_.convert(VecType::F16, VecType::F32, half, wide_, tile.pitch());
      tile.store(norm_.dst + (row * norm_.length + at) * 2, half, 1);
    });
  }

  void with_columns(Opcode op, int64_t address, RowTile& tile, int64_t at, int64_t count) {
    if (address < 0) return;
    const int64_t ub = columns_.next();
    e_.gm_to_ub_bytes(ub, address + at * 4, {.bytes = count * 4});
    tile.with_column_values(op, wide_, wide_, ub, 1);
  }

  const Soc& soc_;
  const LayerNorm& norm_;
  Emitter e_;
  RowTile whole_, rest_;
  Ring half_, columns_;
  int64_t wide_, statistics_;
};

bool fits_ub(const Soc& soc, int64_t length) { return align_up(length, 16) * (3 * 4 + 2 * 4) + 16384 <= soc.ub; }

int64_t add_column_values(LowerContext& context, const Tensor& values, int64_t length) {
  const Tensor wide = values.cast(DType::Float32);
  Tensor padded(DType::Float32, {align_up(length, 16)});
  if (wide.elements() == 1) std::ranges::fill(padded.mutable_data<float>(), wide.data<float>()[0]);
  else std::ranges::copy(wide.bytes(), padded.mutable_bytes().begin());
  return context.add_weights(padded.bytes());
}

}  // namespace

std::optional<std::string> reject_layer_norm(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone) return "the statistics are outputs too";
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone && !graph.is_constant(node.inputs[i])) return "scale or shift computed at run time";
  const int64_t length = element_count(normalised(graph, node));
  if (length == 0) return "empty rows";
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const int64_t values = graph.value(node.inputs[i]).constant->elements();
    if (values != length && values != 1) return fmt::format("{} values of scale or shift for rows of {}", values, length);
  }
  const int64_t need = LongLayerNormBlock::kPiece * (2 * 2 + 2 * 4 + 4) + 16384;
  if (!fits_ub(soc, length) && need > soc.ub) return fmt::format("UB budget: pieces of rows of {} values need {} bytes > {}", length, need, soc.ub);
  return std::nullopt;
}

Status lower_layer_norm(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  LayerNorm norm;
  norm.length = element_count(normalised(graph, node));
  norm.rows = element_count(to_shape(graph.value(node.inputs[0]).type.dims)) / norm.length;
  norm.epsilon = node.float_attr("epsilon", 1e-5f);
  norm.centred = node.op == "LayerNormalization";
  norm.src = context.address(node.inputs[0]);
  norm.dst = context.address(node.outputs[0]);
  const Tensor& scale = *graph.value(node.inputs[1]).constant;
  if (std::ranges::any_of(scale.to_doubles(), [](double v) { return v != 1; })) norm.scale = add_column_values(context, scale, norm.length);
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) norm.shift = add_column_values(context, *graph.value(node.inputs[2]).constant, norm.length);
  task.vector_task = true;
  const Soc& soc = context.soc;
  if (!fits_ub(soc, norm.length)) {
    for (const RowShare& share : share_rows(norm.rows, soc.cores_for(true))) {
      NPU_TRY(Program program, LongLayerNormBlock(soc, norm).run(share.from, share.to));
      task.blocks.push_back(std::move(program));
    }
    return {};
  }
  // Passes over fp32 values: out of fp16, mean, subtraction, square, sum, scaling, scale, shift, back.
  VectorWork work = row_work(soc, norm.rows, norm.length, 9);
  work.fits = [&soc, norm](const VectorSchedule& schedule) { return LayerNormBlock(soc, norm, schedule.tile, static_cast<int>(schedule.slots)).status(); };
  work.emit = [&soc, norm](const VectorSchedule& schedule) {
    return emit_rows(norm.rows, schedule, [&](int64_t most) { return LayerNormBlock(soc, norm, most, static_cast<int>(schedule.slots)); });
  };
  NPU_TRY(task.blocks, emit_vector(context, work));
  return {};
}

}  // namespace npu
