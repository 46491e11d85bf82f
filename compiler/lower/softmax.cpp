// SPDX-License-Identifier: Apache-2.0
// Softmax and LogSoftmax over the last axis: rows in UB, in fp32, with each row's maximum taken away first.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

// Bytes of UB an element of a row takes: `slots` tiles of fp16, one of fp32, and for LogSoftmax one of the exponentials.
int64_t row_bytes(bool logarithm, int64_t slots = 2) { return slots * 2 + (logarithm ? 2 * 4 : 4); }

class SoftmaxBlock {
 public:
  SoftmaxBlock(const Soc& soc, bool logarithm, int64_t length, int64_t rows, int slots, int64_t src, int64_t dst)
      : soc_(soc), logarithm_(logarithm), length_(length), src_(src), dst_(dst), e_(soc), tile_(e_, length),
        rows_(tile_.rows_that_fit(tile_.pitch() * row_bytes(logarithm, slots), rows)), half_(e_, Buffer::UB, rows_ * tile_.pitch() * 2, slots, "the rows"),
        wide_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the rows in fp32")) {
    exponentials_ = logarithm ? e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the exponentials") : wide_;
    tile_.reserve(rows_);
  }

  Status status() const { return e_.status(); }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row += rows_) some_rows(row, std::min(rows_, to - row));
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void some_rows(int64_t row, int64_t rows) {
    const int64_t half = half_.next(), count = rows * tile_.pitch();
    tile_.load(half, src_ + row * length_ * 2, rows);
    e_.convert(VecType::F32, VecType::F16, wide_, half, count);
    tile_.with_row_values(Opcode::Vsub, wide_, wide_, tile_.broadcast(tile_.reduce_max(wide_, rows), rows), rows);
    tile_.unary(Opcode::Vexp, exponentials_, wide_, rows);
    const int64_t sums = tile_.reduce_sum(exponentials_, rows);
    e_.unary(logarithm_ ? Opcode::Vln : Opcode::Vrec, VecType::F32, sums, sums, rows);
    tile_.with_row_values(logarithm_ ? Opcode::Vsub : Opcode::Vmul, wide_, wide_, tile_.broadcast(sums, rows), rows);
    e_.convert(VecType::F16, VecType::F32, half, wide_, count);
    tile_.store(dst_ + row * length_ * 2, half, rows);
  }

  const Soc& soc_;
  bool logarithm_;
  int64_t length_, src_, dst_;
  Emitter e_;
  RowTile tile_;
  int64_t rows_;
  Ring half_;
  int64_t wide_, exponentials_;
};

}  // namespace

std::optional<std::string> reject_softmax(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  const auto rank = static_cast<int64_t>(x.dims.size());
  if (rank == 0) return "scalar";
  const int64_t axis = node.int_attr("axis", graph.opset < 13 ? 1 : -1);
  if (axis != -1 && axis != rank - 1) return fmt::format("softmax over axis {} of {}", axis, rank);
  const int64_t length = x.dims.back().value();
  if (length == 0) return "empty rows";
  const int64_t need = length * (row_bytes(node.op == "LogSoftmax") + 1) + 8192;
  if (need > soc.ub) return fmt::format("UB budget: a row of {} values needs {} bytes > {}", length, need, soc.ub);
  return std::nullopt;
}

Status lower_softmax(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t rows = element_count(x) / x.back();
  const Soc& soc = context.soc;
  const bool logarithm = node.op == "LogSoftmax";
  const int64_t length = x.back(), src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  // Passes over fp32 values: out of fp16, maximum, subtraction, exponential, sum, division, back.
  VectorWork work = row_work(soc, rows, length, 7);
  work.fits = [&soc, logarithm, length](const VectorSchedule& schedule) { return SoftmaxBlock(soc, logarithm, length, schedule.tile, static_cast<int>(schedule.slots), 0, 0).status(); };
  work.emit = [&soc, logarithm, length, rows, src, dst](const VectorSchedule& schedule) {
    return emit_rows(rows, schedule, [&](int64_t most) { return SoftmaxBlock(soc, logarithm, length, most, static_cast<int>(schedule.slots), src, dst); });
  };
  NPU_TRY(task.blocks, emit_vector(context, work));
  task.vector_task = true;
  return {};
}

}  // namespace npu
