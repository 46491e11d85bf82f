// SPDX-License-Identifier: Apache-2.0
// Gather: constant indices are strided copies (move.cpp). Others, as of embedding tables, are loaded by the scalar unit, which turns each
// into the place a copy reads from; one that is out of range halts the core with a division by zero.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/schedule/insert_sync.h"
#include "core/isa/isa.h"

namespace npu {
namespace {

constexpr int64_t kMostRows = 1 << 14;

struct GatherShape {
  int64_t outer, size, row_bytes;  // the data: outer x size rows
  int64_t count, index_bytes;
};

GatherShape shape_of(const Graph& graph, const Node& node) {
  const TensorType &data = graph.value(node.inputs[0]).type, &indices = graph.value(node.inputs[1]).type;
  const Shape x = to_shape(data.dims);
  int64_t axis = node.int_attr("axis", 0);
  if (axis < 0) axis += std::ssize(x);
  const auto at = x.begin() + axis;
  return {element_count({x.begin(), at}), *at, element_count({at + 1, x.end()}) * static_cast<int64_t>(dtype_size(data.dtype)),
          element_count(to_shape(indices.dims)), static_cast<int64_t>(dtype_size(indices.dtype))};
}

class GatherBlock {
 public:
  GatherBlock(const Soc& soc, const GatherShape& shape, int64_t data, int64_t indices, int64_t result)
      : soc_(soc), s_(shape), data_(data), indices_(indices), result_(result), e_(soc),
        slot_((soc.ub - 4096) / 2 / 512 * 512), ring_(e_, Buffer::UB, slot_, 2, "the rows") {}

  // Rows [from, to) of the result.
  Result<Program> run(int64_t from, int64_t to) {
    const int64_t pitch = align_up(s_.row_bytes, kBlockBytes), at_once = std::clamp<int64_t>(slot_ / pitch, 1, 4095);
    for (int64_t row = from; row < to;) {
      const int64_t rows = std::min(at_once, to - row), ub = ring_.next();
      for (int64_t i = 0; i < rows; ++i) {
        find(row + i);
        for (int64_t part = 0; part < s_.row_bytes; part += slot_) load(part == 0 ? ub + i * pitch : ring_.next(), row + i, part);
      }
      if (s_.row_bytes <= slot_) e_.ub_to_gm_bytes(result_ + row * s_.row_bytes, ub, {.bursts = rows, .bytes = s_.row_bytes});
      row += rows;
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  enum Register : int64_t { kIndex = 1, kTest, kOther };

  // Where the timing, which does not know the indices, takes a row to be: one after the other.
  int64_t expected(int64_t row) const { return (row / s_.count * s_.size + row % s_.count % s_.size) * s_.row_bytes; }

  // kIndex = bytes from the expected row to the one that the index of `row` names.
  void find(int64_t row) {
    const auto mode = [](CompareMode m) { return static_cast<int64_t>(m); };
    e_.push(Opcode::LdGm, {kIndex, indices_ + row % s_.count * s_.index_bytes, kNoRegister, s_.index_bytes == 8 ? 3 : 2, 1});
    e_.push(Opcode::Cmp, {kTest, kIndex, kNoRegister, 0, mode(CompareMode::Lt)});
    e_.push(Opcode::Mul, {kTest, kTest, kNoRegister, s_.size});
    e_.push(Opcode::Add, {kIndex, kIndex, kTest, 0});
    e_.push(Opcode::Cmp, {kTest, kIndex, kNoRegister, 0, mode(CompareMode::Ge)});
    e_.push(Opcode::Cmp, {kOther, kIndex, kNoRegister, s_.size, mode(CompareMode::Lt)});
    e_.push(Opcode::And, {kTest, kTest, kOther, 0});
    e_.push(Opcode::Div, {kTest, kNoRegister, kTest, 0});
    e_.push(Opcode::Add, {kIndex, kIndex, kNoRegister, row / s_.count * s_.size});
    e_.push(Opcode::Mul, {kIndex, kIndex, kNoRegister, s_.row_bytes});
    e_.push(Opcode::Sub, {kIndex, kIndex, kNoRegister, expected(row)});
  }

  void load(int64_t ub, int64_t row, int64_t part) {
    constexpr int64_t kSource = 1;  // operand of the copy
    const ByteCopy copy{.bytes = std::min(slot_, s_.row_bytes - part)};
    e_.push(Opcode::AddXnToOperand, {kSource, kIndex});
    e_.gm_to_ub_bytes(ub, data_ + expected(row) + part, copy);
    if (s_.row_bytes > slot_) e_.ub_to_gm_bytes(result_ + row * s_.row_bytes + part, ub, copy);
  }

  const Soc& soc_;
  GatherShape s_;
  int64_t data_, indices_, result_;
  Emitter e_;
  int64_t slot_;
  Ring ring_;
};

}  // namespace

std::optional<std::string> reject_gather(const Graph& graph, const Node& node, const Soc& soc) {
  if (graph.is_constant(node.inputs[1])) return reject_move(graph, node, soc);
  const GatherShape s = shape_of(graph, node);
  if (s.outer * s.count * s.row_bytes * s.size == 0) return "empty tensor";
  if (s.outer * s.count > kMostRows) return fmt::format("{} rows by indices computed at run time", s.outer * s.count);
  return std::nullopt;
}

Status lower_gather(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  if (graph.is_constant(node.inputs[1])) return lower_move(context, spec, task);
  const GatherShape s = shape_of(graph, node);
  const auto& constant = graph.value(node.inputs[0]).constant;
  const int64_t data = constant ? context.add_weights(constant->bytes()) : context.address(node.inputs[0]);
  const int64_t rows = s.outer * s.count, parts = std::min<int64_t>(context.soc.cores_for(true), rows);
  for (int64_t i = 0; i < parts; ++i) {
    GatherBlock block(context.soc, s, data, context.address(node.inputs[1]), context.address(node.outputs[0]));
    NPU_TRY(Program program, block.run(rows * i / parts, rows * (i + 1) / parts));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
