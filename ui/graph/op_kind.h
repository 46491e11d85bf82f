// SPDX-License-Identifier: Apache-2.0
// What an operator is, from the compiler's table of families: colours and the names of blocks follow from it.
#pragma once

#include <cstdint>
#include <string_view>

namespace npu::ui {

enum class OpKind : uint8_t {
  Convolution,
  MatMul,       // products of matrices, recurrent layers
  Attention,
  Arithmetic,   // element by element
  Normalise,    // softmax, layer normalisation
  Reduce,
  Pool,
  Move,         // data movement: concat, transpose, slice, gather, format conversion
  View,         // no data moves: reshape ...
  Select,       // comparisons, logic, search
  Quantise,
  Rewritten,    // no task of its own: passes rewrite it, or the AI CPU runs it
};
inline constexpr int kOpKinds = 12;

OpKind op_kind(std::string_view op);

}  // namespace npu::ui
