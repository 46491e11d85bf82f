// SPDX-License-Identifier: Apache-2.0
// A chain of elementwise operators as vector instructions on tiles that stay in UB.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/lower/emitter.h"
#include "core/graph/graph.h"

namespace npu {

// How an outside operand meets the tile.
enum class OperandKind : uint8_t {
  Tile,     // element for element
  Channel,  // one value a channel: a 32-byte block for each 16 channels of NC1HWC0, or for each 16 columns of a matrix
  Row,      // ND: one row, the same for every row of the tile
  Scalar,   // one value
  BatchRow, // ND: one row for each index of the first dimension, in whole blocks of 16
};

struct ChainOperand {
  ValueId value;
  OperandKind kind;
  VecType type;
};

// A virtual register of the chain: a tile of elements in UB.
struct ChainRegister {
  VecType type;
};

struct ChainRef {
  enum Kind : uint8_t { None, Register, Operand } kind = None;  // Operand: Channel, Row and Scalar ones only
  int index = 0;
};

struct ChainStep {
  Opcode op;
  VecType type;
  int dst;  // register
  ChainRef src0, src1;
  float scalar = 0;
  VecType src_type = VecType::F16;  // vconv
};

class VectorChain {
 public:
  // nodes: elementwise nodes in order; carried: the value already in UB (a cube result), kNone if there is none.
  // The result is the last node's output. UnsupportedModel with the reason when a node cannot be expressed.
  static Result<VectorChain> build(const Graph& graph, std::span<const NodeId> nodes, ValueId carried);

  const std::vector<ChainOperand>& operands() const { return operands_; }
  const std::vector<ChainRegister>& registers() const { return registers_; }
  int carried_register() const { return carried_; }                      // -1 without
  int operand_register(size_t operand) const { return operand_register_[operand]; }  // Tile operands; else -1
  int result_register() const { return result_; }
  VecType result_type() const { return registers_[static_cast<size_t>(result_)].type; }
  bool empty() const { return registers_.empty(); }
  // A cube result's tile is [column block][row][16]: there, a row of values is one block for each column block.
  void rows_to_channels();
  bool uses(OperandKind kind) const;
  int64_t bytes_per_element() const;                                     // of all registers

  // Emits the steps for `count` contiguous elements that start `offset` elements into each register.
  // register_base: UB addresses of the registers; blocks: UB address of each Channel / Row / Scalar operand's data for
  // this stretch (ignored for Tile operands).
  void emit(Emitter& emitter, std::span<const int64_t> register_base, std::span<const int64_t> blocks, int64_t offset, int64_t count) const;

 private:
  friend class ChainBuilder;
  std::vector<ChainOperand> operands_;
  std::vector<int> operand_register_;
  std::vector<ChainRegister> registers_;
  std::vector<ChainStep> steps_;
  int carried_ = -1;
  int result_ = -1;
};

// Why a node cannot be part of a chain, or nullopt. Types are static.
std::optional<std::string> reject_elementwise(const Graph& graph, const Node& node);
bool is_elementwise(std::string_view op);

// How `operand` meets a tile of `result`'s shape, or nullopt when neither way fits. In ND, Channel means: one value
// for each column (the last dimension), as a cube result's tile sees it.
std::optional<OperandKind> operand_kind(const Graph& graph, ValueId operand, const Dims& result, bool image);

}  // namespace npu
