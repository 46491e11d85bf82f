// SPDX-License-Identifier: Apache-2.0
// Softmax over the last axis: rows in UB, in fp32, with each row's maximum taken away first.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kShortestRow = 16;   // shorter rows leave most lanes idle

class SoftmaxBlock {
 public:
  SoftmaxBlock(const Soc& soc, int64_t length, int64_t rows, int64_t src, int64_t dst)
      : soc_(soc), length_(length), src_(src), dst_(dst), e_(soc), tile_(e_, length), rows_(tile_.rows_that_fit(tile_.pitch() * (2 * 2 + 4), rows)),
        half_(e_, Buffer::UB, rows_ * tile_.pitch() * 2, 2, "the rows"), wide_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the rows in fp32")) {
    tile_.reserve(rows_);
  }

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
    tile_.unary(Opcode::Vexp, wide_, wide_, rows);
    const int64_t sums = tile_.reduce_sum(wide_, rows);
    e_.unary(Opcode::Vrec, VecType::F32, sums, sums, rows);
    tile_.with_row_values(Opcode::Vmul, wide_, wide_, tile_.broadcast(sums, rows), rows);
    e_.convert(VecType::F16, VecType::F32, half, wide_, count);
    tile_.store(dst_ + row * length_ * 2, half, rows);
  }

  const Soc& soc_;
  int64_t length_, src_, dst_;
  Emitter e_;
  RowTile tile_;
  int64_t rows_;
  Ring half_;
  int64_t wide_;
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
  if (length < kShortestRow) return fmt::format("rows of {} values are shorter than {}", length, kShortestRow);
  if (length * 9 + 8192 > soc.ub) return fmt::format("UB budget: a row of {} values needs {} bytes > {}", length, length * 9 + 8192, soc.ub);
  return std::nullopt;
}

Status lower_softmax(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t rows = element_count(x) / x.back();
  for (const RowShare& share : share_rows(rows, context.soc.cores_for(true))) {
    SoftmaxBlock block(context.soc, x.back(), share.to - share.from, context.address(node.inputs[0]), context.address(node.outputs[0]));
    NPU_TRY(Program program, block.run(share.from, share.to));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
