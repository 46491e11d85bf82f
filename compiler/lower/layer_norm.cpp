// SPDX-License-Identifier: Apache-2.0
// Layer normalisation over trailing axes: rows in UB, statistics and arithmetic in fp32, rounded to fp16 once.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

struct LayerNorm {
  int64_t rows = 1, length = 1;
  float epsilon = 1e-5f;
  int64_t src = 0, dst = 0, scale = 0, shift = -1;  // device addresses; scale and shift in fp32, padded to blocks
};

Shape normalised(const Graph& graph, const Node& node) {
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims);
  const int64_t axis = node.int_attr("axis", -1), rank = static_cast<int64_t>(x.size());
  return {x.begin() + (axis < 0 ? axis + rank : axis), x.end()};
}

class LayerNormBlock {
 public:
  LayerNormBlock(const Soc& soc, const LayerNorm& norm, int64_t rows)
      : soc_(soc), norm_(norm), e_(soc), tile_(e_, norm.length), scale_(column_values(norm.scale)), shift_(column_values(norm.shift)),
        rows_(tile_.rows_that_fit(tile_.pitch() * (2 * 2 + 2 * 4), rows)), half_(e_, Buffer::UB, rows_ * tile_.pitch() * 2, 2, "the rows"),
        wide_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the rows in fp32")),
        squares_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "their squares")) {
    tile_.reserve(rows_);
  }

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
    const int64_t means = tile_.reduce_sum(wide_, rows);
    e_.scalar(Opcode::Vmuls, VecType::F32, means, means, share, rows);
    tile_.with_row_values(Opcode::Vsub, wide_, wide_, tile_.broadcast(means, rows), rows);
    tile_.binary(Opcode::Vmul, squares_, wide_, wide_, rows);
    const int64_t factors = tile_.reduce_sum(squares_, rows);
    e_.scalar(Opcode::Vmuls, VecType::F32, factors, factors, share, rows);
    e_.scalar(Opcode::Vadds, VecType::F32, factors, factors, norm_.epsilon, rows);
    e_.unary(Opcode::Vrsqrt, VecType::F32, factors, factors, rows);
    tile_.with_row_values(Opcode::Vmul, wide_, wide_, tile_.broadcast(factors, rows), rows);
    tile_.with_column_values(Opcode::Vmul, wide_, wide_, scale_, rows);
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

int64_t add_column_values(LowerContext& context, const Tensor& values, int64_t length) {
  const Tensor wide = values.cast(DType::Float32);
  Tensor padded(DType::Float32, {align_up(length, 16)});
  std::ranges::copy(wide.bytes(), padded.mutable_bytes().begin());
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
  const int64_t need = align_up(length, 16) * (3 * 4 + 2 * 4) + 16384;
  if (need > soc.ub) return fmt::format("UB budget: rows of {} values need {} bytes > {}", length, need, soc.ub);
  return std::nullopt;
}

Status lower_layer_norm(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  LayerNorm norm;
  norm.length = element_count(normalised(graph, node));
  norm.rows = element_count(to_shape(graph.value(node.inputs[0]).type.dims)) / norm.length;
  norm.epsilon = node.float_attr("epsilon", 1e-5f);
  norm.src = context.address(node.inputs[0]);
  norm.dst = context.address(node.outputs[0]);
  norm.scale = add_column_values(context, *graph.value(node.inputs[1]).constant, norm.length);
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) norm.shift = add_column_values(context, *graph.value(node.inputs[2]).constant, norm.length);
  for (const RowShare& share : share_rows(norm.rows, context.soc.cores_for(true))) {
    LayerNormBlock block(context.soc, norm, share.to - share.from);
    NPU_TRY(Program program, block.run(share.from, share.to));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
