// SPDX-License-Identifier: Apache-2.0
// A residual of bytes added to a cube's result of bytes on its way out, where the vector unit would need seven times as long:
// both become fp16, which holds bytes exactly, and the cube adds them in L0C by products with diagonal matrices,
//   sum = (a - a_zero) * 1 + (b - b_zero) * ratio    (fp32; ratio as two fp16 terms, products exact),
// which leaves through one fp32 multiplication and one rounding: the scales of QLinearAdd are ratio = b_scale / a_scale and
// multiplier = a_scale / y_scale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/lower/emitter.h"
#include "compiler/lower/quantization.h"
#include "compiler/lower/rule.h"

namespace npu {

struct Residual {
  int64_t address = 0;          // device address; laid out like the result
  VecType a_type = VecType::U8, b_type = VecType::U8;  // the layer's own result and the residual
  int64_t a_zero = 0, b_zero = 0;
  int64_t matrices = 0;         // device address of the diagonal matrices
  bool relu = false;            // of the sums
  bool two_terms = false;       // one fp16 is not the whole ratio
  int64_t quant = 0;            // the quantisation parameter of the sums
};

// The operand of QLinearAdd (0 or 3) that the layer does not produce.
size_t residual_operand(const Node& add, ValueId own);
// Why the sum `add` cannot follow the layer whose result is `own`, or nullopt.
std::optional<std::string> reject_residual(const Graph& graph, const Node& add, ValueId own);
Residual make_residual(LowerContext& context, const Node& add, ValueId own);

// What one core does about it: stage() for a tile, then later leave() for the same tile; stages of two tiles may come first.
class ResidualBlock {
 public:
  static constexpr int64_t kRows = 256;                    // of 32 channels: a tile fills half of L0A
  static constexpr int64_t kTileBytes = kRows * 32;
  static constexpr int64_t kVectorBytes = 8;               // what it costs the vector unit, as bytes of a chain's registers an element
  static constexpr int64_t kL0c = 2 * kTileBytes * 4;      // bytes of the buffers that are taken
  static constexpr int64_t kL1 = 2 * kTileBytes * 4 + 8192;

  ResidualBlock(Emitter& emitter, const Residual& residual);

  // Before the first tile. ragged: tiles have rows that nothing is loaded into.
  void begin(bool ragged);
  // UB for the next tile's bytes, [rows][32 channels].
  int64_t own_tile() { return own_.next(); }
  int64_t residual_tile() { return loaded_.next(); }
  // Sums of two tiles of `rows` rows (a multiple of 16) into L0C; slots of half of L0A and L0B.
  void stage(int64_t own, int64_t residual, int64_t rows, int64_t l0a, int64_t l0b);
  // The oldest staged tile as bytes [rows][32 channels]: their address in UB.
  int64_t leave(int64_t rows);

 private:
  void widen(int64_t dst, int64_t src, VecType type, int64_t zero, int64_t rows);

  Emitter& e_;
  const Residual& residual_;
  Ring own_, loaded_, halves_, out_, l1_, sums_;
  int64_t l1_matrices_;
  Ring leaving_;  // the same slots as sums_, one tile behind
};

}  // namespace npu
