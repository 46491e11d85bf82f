// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "compiler/lower/vector_chain.h"

namespace npu {

// Collects vector steps in single assignment, then packs the values into registers.
class ChainBuilder {
 public:
  explicit ChainBuilder(const Graph& graph) : graph_(graph) {}

  // A value in the chain: an intermediate result or an operand.
  struct Ref {
    bool broadcast = false;  // Channel / Row / Scalar operand
    int index = 0;
  };

  const Graph& graph() const { return graph_; }
  Ref carry(ValueId value);
  Ref operand(ValueId value, OperandKind kind);
  Ref find(ValueId value) const { return known_.at(value); }
  bool knows(ValueId value) const { return known_.contains(value); }
  void bind(ValueId value, Ref ref) { known_[value] = ref; }

  VecType type(Ref ref) const { return ref.broadcast ? operands_[static_cast<size_t>(ref.index)].type : types_[static_cast<size_t>(ref.index)]; }
  Ref unary(Opcode op, Ref x) { return add({op, x, {}, 0, type(x)}, type(x)); }
  Ref scalar(Opcode op, Ref x, float value) { return add({op, x, {}, value, type(x)}, type(x)); }
  Ref binary(Opcode op, Ref x, Ref y) { return add({op, x, y, 0, type(x)}, type(x)); }
  Ref convert(Ref x, VecType to) { return type(x) == to ? x : add({Opcode::Vconv, x, {}, 0, type(x)}, to); }

  Result<VectorChain> finish(Ref result);

 private:
  struct Value {
    Opcode op;
    Ref src0, src1;
    float scalar;
    VecType src_type;
    bool loaded = false;   // carried or Tile operand: no instruction
    bool dropped = false;  // nothing reads it

    bool two_sources() const { return instr_info(op).fields[field::kBiSrc1].name == "src1"; }
  };
  void widen_carried(Ref& result);
  Ref add(Value value, VecType type) {
    values_.push_back(value);
    types_.push_back(type);
    return {false, static_cast<int>(values_.size() - 1)};
  }
  Ref load(VecType type) {
    Ref ref = add({Opcode::SetFlag, {}, {}, 0, type}, type);
    values_.back().loaded = true;
    return ref;
  }

  const Graph& graph_;
  std::vector<Value> values_;
  std::vector<VecType> types_;
  std::vector<ChainOperand> operands_;
  std::vector<int> operand_value_;  // index into values_ of Tile operands, else -1
  std::map<ValueId, Ref> known_;
  int carried_ = -1;
};

// One operator as vector steps: reads its inputs' refs, returns its result.
using ChainRule = ChainBuilder::Ref (*)(ChainBuilder&, const Node&, std::span<const ChainBuilder::Ref> inputs);

struct ElementwiseOp {
  std::string_view op;
  ChainRule rule;
  // Attributes or constants that the vector unit cannot serve; nullptr: anything goes.
  std::optional<std::string> (*reject)(const Graph&, const Node&);
  int data_inputs;  // inputs that are tensors of the chain; the rest are constants the rule reads itself. 0: all
};

const ElementwiseOp* find_elementwise(std::string_view op);
// Those of vector_math.cpp.
std::span<const ElementwiseOp> math_operators();

}  // namespace npu
