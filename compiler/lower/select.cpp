// SPDX-License-Identifier: Apache-2.0
// Comparisons, logic and Where: fp16 values and bools of one byte, element for element. A comparison sets one bit an
// element, which chooses between two tiles; bools become fp16 on the way in and bytes on the way out.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/emitter.h"
#include "compiler/lower/families.h"
#include "compiler/lower/vector_chain.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kTile = 4096;   // elements
constexpr int64_t kLanes = 128;   // fp16 lanes of a repeat
enum Mode : int64_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

struct SelectOp {
  std::string_view op;
  enum Kind : uint8_t { Compare, Combine, Negate, Choose } kind;
  int64_t mode = kNotEqual;                // of Compare
  Opcode combine = Opcode::Vmul;           // of Combine: what is not 0 where the result holds
};

constexpr std::array kOps{
    SelectOp{"And", SelectOp::Combine, kNotEqual, Opcode::Vmul},
    SelectOp{"Equal", SelectOp::Compare, kEqual},
    SelectOp{"Greater", SelectOp::Compare, kGreater},
    SelectOp{"GreaterOrEqual", SelectOp::Compare, kGreaterOrEqual},
    SelectOp{"Less", SelectOp::Compare, kLess},
    SelectOp{"LessOrEqual", SelectOp::Compare, kLessOrEqual},
    SelectOp{"Not", SelectOp::Negate},
    SelectOp{"Or", SelectOp::Combine, kNotEqual, Opcode::Vmax},
    SelectOp{"Where", SelectOp::Choose},
};

const SelectOp& find(std::string_view op) { return *std::ranges::find(kOps, op, &SelectOp::op); }

struct Operand {
  int64_t address = -1;  // -1: `value` everywhere
  bool bytes = false;
  float value = 0;
};

Operand operand_of(LowerContext& context, ValueId id) {
  const Value& value = context.graph.value(id);
  Operand operand{.bytes = value.type.dtype == DType::Bool};
  if (!value.constant) operand.address = context.address(id);
  else if (value.constant->elements() == 1) operand.value = static_cast<float>(value.constant->to_doubles()[0]);
  else operand.address = context.add_weights(value.constant->bytes());
  return operand;
}

class SelectBlock {
 public:
  SelectBlock(const Soc& soc, const SelectOp& op, std::span<const Operand> operands, bool bytes, int64_t result)
      : soc_(soc), op_(op), operands_(operands), bytes_(bytes), result_(result), e_(soc), zeros_(filled(0)), ones_(filled(1)),
        mask_(e_.reserve(Buffer::UB, kTile / 8, "the mask")), out_(e_, Buffer::UB, kTile * 2, 2, "the result"), out_bytes_(e_, Buffer::UB, kTile, 2, "the result's bytes") {
    for (const Operand& operand : operands) {
      const bool loaded = operand.address >= 0;
      fixed_.push_back(loaded ? 0 : filled(operand.value));
      if (loaded) half_.push_back(cleared(2)), byte_.push_back(operand.bytes ? cleared(1) : Ring());
      else half_.emplace_back(), byte_.emplace_back();
    }
  }

  // Elements [from, to); from is a multiple of the tile.
  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t at = from; at < to; at += kTile) tile(at, std::min(kTile, to - at));
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t filled(float value) {
    const int64_t ub = e_.reserve(Buffer::UB, kTile * 2, "a constant");
    e_.fill(VecType::F16, ub, value, kTile);
    return ub;
  }
  // Two slots of which every byte may be read: comparisons take whole repeats.
  Ring cleared(int64_t size) {
    Ring ring(e_, Buffer::UB, kTile * size, 2, "an operand");
    for (int slot = 0; slot < 2; ++slot) e_.fill(VecType::F16, ring.next(), 0, kTile * size / 2);
    return ring;
  }

  int64_t load(size_t i, int64_t at, int64_t count, int64_t whole) {
    const Operand& operand = operands_[i];
    if (operand.address < 0) return fixed_[i];
    const int64_t half = half_[i].next();
    if (!operand.bytes) {
      e_.gm_to_ub_bytes(half, operand.address + at * 2, {.bytes = count * 2});
      return half;
    }
    const int64_t byte = byte_[i].next();
    e_.gm_to_ub_bytes(byte, operand.address + at, {.bytes = count});
    e_.convert(VecType::F16, VecType::U8, half, byte, whole);
    return half;
  }

  void compare(int64_t a, int64_t b, int64_t mode, int64_t whole) {
    e_.push(Opcode::Vcmpv, {type_arg(VecType::F16), mask_, a, b, whole / kLanes, mode});
  }

  void tile(int64_t at, int64_t count) {
    const int64_t whole = align_up(count, kLanes);
    std::array<int64_t, 3> in{};
    for (size_t i = 0; i < operands_.size(); ++i) in[i] = load(i, at, count, whole);
    int64_t yes = ones_, no = zeros_;
    const int64_t out = out_.next();
    switch (op_.kind) {
      case SelectOp::Compare: compare(in[0], in[1], op_.mode, whole); break;
      case SelectOp::Negate: compare(in[0], zeros_, kEqual, whole); break;
      case SelectOp::Choose: compare(in[0], zeros_, kNotEqual, whole), yes = in[1], no = in[2]; break;
      case SelectOp::Combine:
        e_.binary(op_.combine, VecType::F16, out, {in[0]}, {in[1]}, whole);
        compare(out, zeros_, kNotEqual, whole);
        break;
    }
    e_.push(Opcode::Vsel, {type_arg(VecType::F16), out, yes, no, mask_, whole / kLanes});
    if (!bytes_) return e_.ub_to_gm_bytes(result_ + at * 2, out, {.bytes = count * 2});
    const int64_t bytes = out_bytes_.next();
    e_.convert(VecType::U8, VecType::F16, bytes, out, whole);
    e_.ub_to_gm_bytes(result_ + at, bytes, {.bytes = count});
  }

  const Soc& soc_;
  const SelectOp& op_;
  std::span<const Operand> operands_;
  bool bytes_;
  int64_t result_;
  Emitter e_;
  int64_t zeros_, ones_, mask_;
  Ring out_, out_bytes_;
  std::vector<int64_t> fixed_;
  std::vector<Ring> half_, byte_;
};

}  // namespace

std::optional<std::string> reject_select(const Graph& graph, const Node& node, const Soc&) {
  const SelectOp& op = find(node.op);
  const Dims& result = graph.value(node.outputs[0]).type.dims;
  bool computed = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Value& value = graph.value(node.inputs[i]);
    const DType dtype = value.type.dtype;
    const bool logical = op.kind == SelectOp::Combine || op.kind == SelectOp::Negate || (op.kind == SelectOp::Choose && i == 0);
    const bool either = node.op == "Equal" && dtype == DType::Bool;
    if (dtype != (logical ? DType::Bool : DType::Float16) && !either) return fmt::format("{} data", to_string(dtype));
    const auto kind = operand_kind(graph, node.inputs[i], result, false);
    if (kind != OperandKind::Tile && kind != OperandKind::Scalar) return fmt::format("broadcast of {} over {}", to_string(value.type.dims), to_string(result));
    computed |= !value.constant;
  }
  if (element_count(to_shape(result)) == 0) return "empty tensor";
  if (!computed) return "every input is constant";
  return std::nullopt;
}

Status lower_select(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  std::vector<Operand> operands;
  for (ValueId input : node.inputs) operands.push_back(operand_of(context, input));
  const TensorType& result = context.graph.value(node.outputs[0]).type;
  const int64_t elements = element_count(to_shape(result.dims)), tiles = ceil_div(elements, kTile);
  const int64_t parts = std::min<int64_t>(context.soc.cores_for(true), tiles);
  for (int64_t i = 0; i < parts; ++i) {
    SelectBlock block(context.soc, find(node.op), operands, result.dtype == DType::Bool, context.address(node.outputs[0]));
    NPU_TRY(Program program, block.run(tiles * i / parts * kTile, std::min(elements, tiles * (i + 1) / parts * kTile)));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
