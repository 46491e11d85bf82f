// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/op_kind.h"

#include "compiler/lower/rule.h"

namespace npu::ui {

OpKind op_kind(std::string_view op) {
  const LowerRule* rule = find_lower_rule(op);
  if (!rule) return OpKind::Rewritten;
  switch (rule->family) {
    case Family::Conv:
    case Family::QuantConv:
    case Family::Aipp: return OpKind::Convolution;
    case Family::MatMul:
    case Family::QuantMatMul:
    case Family::Recurrent: return OpKind::MatMul;
    case Family::Attention:
    case Family::Rotary: return OpKind::Attention;
    case Family::Elementwise: return OpKind::Arithmetic;
    case Family::Softmax:
    case Family::LayerNorm: return OpKind::Normalise;
    case Family::Reduce: return OpKind::Reduce;
    case Family::Pool: return OpKind::Pool;
    case Family::Move:
    case Family::Gather:
    case Family::TransData: return OpKind::Move;
    case Family::View: return OpKind::View;
    case Family::Select:
    case Family::Arg:
    case Family::TopK: return OpKind::Select;
    case Family::Quantized: return OpKind::Quantise;
  }
  return OpKind::Rewritten;
}

}  // namespace npu::ui
