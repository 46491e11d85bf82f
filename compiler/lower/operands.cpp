// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/operands.h"

#include "core/tensor/format.h"

namespace npu {
namespace {

Tensor padded_row(const Tensor& values, DType dtype, int64_t block) {
  const Tensor cast = values.cast(dtype);
  Tensor padded(dtype, {align_up(values.elements(), block)});
  std::memcpy(padded.mutable_bytes().data(), cast.bytes().data(), cast.byte_size());
  return padded;
}

Tensor filled_block(const Tensor& scalar, DType dtype) {
  const Tensor cast = scalar.cast(dtype).reshaped({1});
  Tensor block(dtype, {c0_of(dtype)});
  for (size_t at = 0; at < block.byte_size(); at += cast.byte_size())
    std::memcpy(block.mutable_bytes().data() + at, cast.bytes().data(), cast.byte_size());
  return block;
}

}  // namespace

int64_t add_channel_values(LowerContext& context, const Tensor& values) {
  return context.add_weights(padded_row(values, DType::Float16, 16).bytes());
}

Result<int64_t> operand_address(LowerContext& context, const ChainOperand& operand, Format format) {
  const Value& value = context.graph.value(operand.value);
  if (!value.constant) return context.address(operand.value);
  const DType dtype = operand.type == VecType::F32 ? DType::Float32 : DType::Float16;
  switch (operand.kind) {
    case OperandKind::Scalar: return context.add_weights(filled_block(*value.constant, dtype).bytes());
    case OperandKind::Channel:
    case OperandKind::Row:
    case OperandKind::BatchRow: return context.add_weights(padded_row(*value.constant, dtype, 16).bytes());
    case OperandKind::Tile: break;
  }
  NPU_TRY(const Tensor tile, to_format(value.constant->cast(dtype), format));
  return context.add_weights(tile.bytes());
}

bool is_batched(const Graph& graph, const ChainOperand& operand, const Dims& result) {
  const Dims& dims = graph.value(operand.value).type.dims;
  return operand.kind == OperandKind::Channel && dims.size() == result.size() && dims.size() > 2 && dims[0].value() > 1;
}

}  // namespace npu
