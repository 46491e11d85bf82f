// SPDX-License-Identifier: Apache-2.0
// Softmax over the last axis: row by row in UB, in fp32, with the row's maximum taken away first.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/lower/emitter.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kLanes = 64;         // fp32 lanes of a repeat
constexpr int64_t kShortestRow = 16;   // shorter rows leave most lanes idle: one row at a time is not worth it

class SoftmaxBlock {
 public:
  SoftmaxBlock(const Soc& soc, int64_t length, int64_t src, int64_t dst)
      : soc_(soc), length_(length), src_(src), dst_(dst), e_(soc), half_(e_, Buffer::UB, length * 2, 2, "the row"),
        wide_(e_, Buffer::UB, length * 4, 1, "the row in fp32"),
        partial_(e_, Buffer::UB, ceil_div(length, kLanes) * 4 + 256, 1, "partial results"), block_(e_, Buffer::UB, 256, 1, "the row's value") {}

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) one_row(row);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void one_row(int64_t row) {
    const int64_t half = half_.next(), wide = wide_.next();
    e_.gm_to_ub_bytes(half, src_ + row * length_ * 2, {.bytes = length_ * 2});
    e_.convert(VecType::F32, VecType::F16, wide, half, length_);
    e_.binary(Opcode::Vsub, VecType::F32, wide, {wide}, {reduce(Opcode::Vcmax, wide), true}, length_);
    e_.unary(Opcode::Vexp, VecType::F32, wide, wide, length_);
    e_.binary(Opcode::Vdiv, VecType::F32, wide, {wide}, {reduce(Opcode::Vcadd, wide), true}, length_);
    e_.convert(VecType::F16, VecType::F32, half, wide, length_);
    e_.ub_to_gm_bytes(dst_ + row * length_ * 2, half, {.bytes = length_ * 2});
  }

  // The row's maximum or sum in every lane of a block.
  int64_t reduce(Opcode op, int64_t values) {
    const int64_t partial = partial_.next(), block = block_.next();
    int64_t count = length_;
    while (count > 1 || values != partial) {
      const int64_t full = count / kLanes, rest = count % kLanes;
      for (int64_t done = 0; done < full; done += 255)
        e_.masked(kLanes, VecType::F32, op, {type_arg(VecType::F32), partial + done * 4, values + done * kRepeatBytes, std::min<int64_t>(255, full - done), 1, 1, 8});
      if (rest != 0) e_.masked(rest, VecType::F32, op, {type_arg(VecType::F32), partial + full * 4, values + full * kRepeatBytes, 1, 1, 1, 8});
      count = full + (rest != 0);
      values = partial;
    }
    e_.push(Opcode::Vbrcb, {type_arg(VecType::F32), block, partial, 1});
    return block;
  }

  const Soc& soc_;
  int64_t length_, src_, dst_;
  Emitter e_;
  Ring half_, wide_, partial_, block_;
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
  if (length * 9 + 4096 > soc.ub) return fmt::format("UB budget: a row of {} values needs {} bytes > {}", length, length * 9 + 4096, soc.ub);
  return std::nullopt;
}

Status lower_softmax(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t rows = element_count(x) / x.back();
  const int64_t parts = std::min<int64_t>(context.soc.cores_for(true), rows);
  for (int64_t i = 0; i < parts; ++i) {
    SoftmaxBlock block(context.soc, x.back(), context.address(node.inputs[0]), context.address(node.outputs[0]));
    NPU_TRY(Program program, block.run(rows * i / parts, rows * (i + 1) / parts));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
