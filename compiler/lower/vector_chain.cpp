// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/vector_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/chain_builder.h"

namespace npu {
namespace {

std::optional<VecType> vec_type(DType dtype) {
  if (dtype == DType::Float16) return VecType::F16;
  if (dtype == DType::Float32) return VecType::F32;
  return std::nullopt;
}

size_t chain_inputs(const Node& node, const ElementwiseOp& op) {
  return op.data_inputs == 0 ? node.inputs.size() : std::min(node.inputs.size(), static_cast<size_t>(op.data_inputs));
}

// Dims of an operand aligned to the right of a result of `rank` dims, 1 in front.
Dims padded(const Dims& dims, size_t rank) {
  Dims result(rank, Dim(1));
  std::ranges::copy(dims, result.end() - static_cast<std::ptrdiff_t>(dims.size()));
  return result;
}

}  // namespace

bool VectorChain::uses(OperandKind kind) const {
  return std::ranges::any_of(operands_, [kind](const ChainOperand& operand) { return operand.kind == kind; });
}

void VectorChain::rows_to_channels() {
  for (ChainOperand& operand : operands_)
    if (operand.kind == OperandKind::Row || operand.kind == OperandKind::BatchRow) operand.kind = OperandKind::Channel;
}

int64_t VectorChain::bytes_per_element() const {
  int64_t bytes = 0;
  for (const ChainRegister& reg : registers_) bytes += vec_type_size(reg.type);
  return bytes;
}

void VectorChain::emit(Emitter& emitter, std::span<const int64_t> register_base, std::span<const int64_t> blocks, int64_t offset,
                       int64_t count) const {
  const auto at = [&](int reg) { return register_base[static_cast<size_t>(reg)] + offset * vec_type_size(registers_[static_cast<size_t>(reg)].type); };
  const auto source = [&](const ChainRef& ref) -> VecSrc {
    if (ref.kind == ChainRef::Register) return {at(ref.index), false};
    const auto operand = static_cast<size_t>(ref.index);
    const OperandKind kind = operands_[operand].kind;
    return {blocks[operand], kind != OperandKind::Row && kind != OperandKind::BatchRow};
  };
  for (const ChainStep& step : steps_) {
    const InstrInfo& info = instr_info(step.op);
    if (step.op == Opcode::Vconv) {
      emitter.convert(step.type, step.src_type, at(step.dst), source(step.src0).address, count);
    } else if (step.src1.kind != ChainRef::None) {
      emitter.binary(step.op, step.type, at(step.dst), source(step.src0), source(step.src1), count);
    } else if (info.fields[field::kScScalar].name == "scalar") {
      emitter.scalar(step.op, step.type, at(step.dst), source(step.src0).address, step.scalar, count);
    } else {
      emitter.unary(step.op, step.type, at(step.dst), source(step.src0).address, count);
    }
  }
}

ChainBuilder::Ref ChainBuilder::carry(ValueId value) {
  const Ref ref = load(VecType::F16);
  carried_ = ref.index;
  bind(value, ref);
  return ref;
}

ChainBuilder::Ref ChainBuilder::operand(ValueId value, OperandKind kind) {
  const VecType value_type = vec_type(graph_.value(value).type.dtype).value_or(VecType::F16);
  operands_.push_back({value, kind, value_type});
  operand_value_.push_back(-1);
  Ref ref{true, static_cast<int>(operands_.size() - 1)};
  if (kind == OperandKind::Tile) {
    ref = load(value_type);
    operand_value_.back() = ref.index;
  }
  bind(value, ref);
  return ref;
}

// L0C holds fp32: a chain that starts by converting the cube's result back to it takes it as it is.
void ChainBuilder::widen_carried(Ref& result) {
  if (carried_ < 0 || result.index == carried_) return;
  const auto reads = [](const Value& value, Ref ref, int index) { return !value.loaded && !ref.broadcast && ref.index == index; };
  for (size_t i = 0; i < values_.size(); ++i) {
    const Value& value = values_[i];
    const bool uses = reads(value, value.src0, carried_) || (value.two_sources() && reads(value, value.src1, carried_));
    if (uses && !(value.op == Opcode::Vconv && types_[i] == VecType::F32)) return;
  }
  types_[static_cast<size_t>(carried_)] = VecType::F32;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (!reads(values_[i], values_[i].src0, carried_) || values_[i].op != Opcode::Vconv) continue;
    values_[i].dropped = true;
    const auto redirect = [&](Ref& ref) {
      if (!ref.broadcast && ref.index == static_cast<int>(i)) ref.index = carried_;
    };
    for (size_t j = i + 1; j < values_.size(); ++j) redirect(values_[j].src0), redirect(values_[j].src1);
    redirect(result);
  }
}

Result<VectorChain> ChainBuilder::finish(Ref result) {
  widen_carried(result);
  VectorChain chain;
  chain.operands_ = operands_;
  std::vector<int> last_use(values_.size(), -1), reg(values_.size(), -1);
  for (size_t i = 0; i < values_.size(); ++i)
    for (const Ref& src : {values_[i].src0, values_[i].src1})
      if (!values_[i].loaded && !values_[i].dropped && !src.broadcast && src.index < static_cast<int>(i)) last_use[static_cast<size_t>(src.index)] = static_cast<int>(i);
  last_use[static_cast<size_t>(result.index)] = static_cast<int>(values_.size());

  std::vector<char> busy;
  const auto allocate = [&](VecType wanted) {
    for (size_t r = 0; r < busy.size(); ++r)
      if (!busy[r] && chain.registers_[r].type == wanted) return busy[r] = 1, static_cast<int>(r);
    chain.registers_.push_back({wanted});
    busy.push_back(1);
    return static_cast<int>(busy.size() - 1);
  };
  // Loaded tiles arrive before the first step, so their registers are theirs from the start.
  for (size_t i = 0; i < values_.size(); ++i)
    if (values_[i].loaded) reg[i] = allocate(types_[i]);
  const auto to_ref = [&](Ref ref, bool present) -> ChainRef {
    if (!present) return {};
    return ref.broadcast ? ChainRef{ChainRef::Operand, ref.index} : ChainRef{ChainRef::Register, reg[static_cast<size_t>(ref.index)]};
  };
  for (size_t i = 0; i < values_.size(); ++i) {
    const Value& value = values_[i];
    if (value.loaded || value.dropped) continue;
    ChainStep step{value.op, types_[i], -1, to_ref(value.src0, true), to_ref(value.src1, value.two_sources()), value.scalar, value.src_type};
    // A source that dies here frees its register first: same-type steps then work in place.
    for (const Ref& src : {value.src0, value.src1})
      if (!src.broadcast && last_use[static_cast<size_t>(src.index)] == static_cast<int>(i) && types_[static_cast<size_t>(src.index)] == types_[i])
        busy[static_cast<size_t>(reg[static_cast<size_t>(src.index)])] = 0;
    step.dst = reg[i] = allocate(types_[i]);
    for (const Ref& src : {value.src0, value.src1})
      if (!src.broadcast && last_use[static_cast<size_t>(src.index)] == static_cast<int>(i) && reg[static_cast<size_t>(src.index)] != step.dst)
        busy[static_cast<size_t>(reg[static_cast<size_t>(src.index)])] = 0;
    chain.steps_.push_back(step);
  }
  for (int value : operand_value_) chain.operand_register_.push_back(value < 0 ? -1 : reg[static_cast<size_t>(value)]);
  chain.carried_ = carried_ < 0 ? -1 : reg[static_cast<size_t>(carried_)];
  chain.result_ = reg[static_cast<size_t>(result.index)];
  return chain;
}

std::optional<OperandKind> operand_kind(const Graph& graph, ValueId operand, const Dims& result, bool image) {
  const Dims& raw = graph.value(operand).type.dims;
  if (raw.size() > result.size()) return std::nullopt;
  const Dims dims = padded(raw, result.size());
  if (dims == result) return OperandKind::Tile;
  if (std::ranges::all_of(dims, [](const Dim& d) { return d.value() == 1; }) && graph.is_constant(operand)) return OperandKind::Scalar;
  const size_t kept = image ? 1 : result.size() - 1;  // the dimension that is not broadcast
  const bool rows = !image && result.size() > 2 && dims.back() == result.back() && dims.back().value() % 16 == 0;
  if (rows && dims[0] == result[0] && std::all_of(dims.begin() + 1, dims.end() - 1, [](const Dim& d) { return d.value() == 1; }) && dims[0].value() > 1)
    return OperandKind::BatchRow;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool batch = image && i == 0 && dims[i] == result[i];
    if (i == kept ? dims[i] != result[i] : dims[i].value() != 1 && !batch) return std::nullopt;
  }
  return image ? OperandKind::Channel : OperandKind::Row;
}

bool is_elementwise(std::string_view op) { return find_elementwise(op) != nullptr; }

std::optional<std::string> reject_elementwise(const Graph& graph, const Node& node) {
  const ElementwiseOp* op = find_elementwise(node.op);
  if (op == nullptr) return "no vector lowering";
  const Value& output = graph.value(node.outputs[0]);
  if (!vec_type(output.type.dtype)) return fmt::format("{} output", to_string(output.type.dtype));
  const bool image = output.format == Format::NC1HWC0 || output.type.dims.size() == 4;
  bool any_tile = false;
  for (size_t i = 0; i < chain_inputs(node, *op); ++i) {
    const ValueId input = node.inputs[i];
    if (input == kNone) return "an input is left out";
    if (!vec_type(graph.value(input).type.dtype)) return fmt::format("{} input", to_string(graph.value(input).type.dtype));
    const auto kind = operand_kind(graph, input, output.type.dims, image);
    const auto plain = operand_kind(graph, input, output.type.dims, false);
    if (!kind && !plain) return fmt::format("broadcast of {} over {}", to_string(graph.value(input).type.dims), to_string(output.type.dims));
    any_tile |= kind == OperandKind::Tile;
  }
  if (!any_tile) return "every input is broadcast";
  if (op->reject != nullptr) return op->reject(graph, node);
  return std::nullopt;
}

Result<VectorChain> VectorChain::build(const Graph& graph, std::span<const NodeId> nodes, ValueId carried) {
  ChainBuilder builder(graph);
  ChainBuilder::Ref result;
  if (carried != kNone) result = builder.carry(carried);
  for (NodeId id : nodes) {
    const Node& node = graph.node(id);
    const ElementwiseOp* op = find_elementwise(node.op);
    const std::string where = node.op + " '" + node.name + "'";
    if (op == nullptr) return fail(ErrorKind::UnsupportedModel, where, "has no vector lowering");
    const Value& output = graph.value(node.outputs[0]);
    std::vector<ChainBuilder::Ref> inputs;
    for (size_t i = 0; i < chain_inputs(node, *op); ++i) {
      const ValueId input = node.inputs[i];
      if (!builder.knows(input)) {
        const auto kind = operand_kind(graph, input, output.type.dims, output.format == Format::NC1HWC0);
        if (!kind)
          return fail(ErrorKind::UnsupportedModel, where,
                      fmt::format("cannot broadcast {} over {} in {}", to_string(graph.value(input).type.dims),
                                  to_string(output.type.dims), to_string(output.format)));
        builder.operand(input, *kind);
      }
      inputs.push_back(builder.find(input));
    }
    result = op->rule(builder, node, inputs);
    const auto wanted = vec_type(output.type.dtype);
    if (!wanted) return fail(ErrorKind::UnsupportedModel, where, "has a result of type " + std::string(to_string(output.type.dtype)));
    result = builder.convert(result, *wanted);
    builder.bind(node.outputs[0], result);
  }
  if (result.broadcast) return fail(ErrorKind::UnsupportedModel, "elementwise chain", "every operand is broadcast");
  return builder.finish(result);
}

}  // namespace npu
