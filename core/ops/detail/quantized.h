// SPDX-License-Identifier: Apache-2.0
// 8-bit integer tensors with a scale and a zero point: value = (q - zero) * scale, one pair a tensor or one a channel.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

// Positions of an operand, its scale and its zero point among a node's inputs.
struct QuantizedInput {
  size_t data, scale, zero;
  Dim channels = Dim(1);  // so many scales there may be, or one
};

// Which scale belongs to which element: one for all, one for each index of an axis, or one for each block along it.
struct ScaleGrid {
  int64_t inner = 1;    // elements from one index of the axis to the next
  int64_t length = 1;   // of the axis
  int64_t block = 0;    // 0: no blocks
  int64_t scales = 1;   // along the axis

  // Of a tensor and its scales; an error when they do not fit. `axis` and `block_size` are the node's attributes.
  static Result<ScaleGrid> of(const EvalContext& ctx, const Shape& shape, const Tensor& scale);
  size_t at(size_t element) const {
    const auto i = static_cast<int64_t>(element), index = i / inner % length;
    if (block == 0) return static_cast<size_t>(index % scales);
    return static_cast<size_t>((i / (inner * length) * scales + index / block) * inner + i % inner);
  }
};

inline bool is_quantized(DType dtype) { return dtype == DType::Int8 || dtype == DType::UInt8 || dtype == DType::Int16 || dtype == DType::UInt16; }
// What QuantizeLinear makes and DequantizeLinear takes beside int32.
inline bool is_quantized_type(DType dtype) { return is_quantized(dtype) || (is_narrow(dtype) && dtype != DType::Float8E8M0); }
inline bool is_byte(DType dtype) { return dtype == DType::Int8 || dtype == DType::UInt8; }

// The scales are floating-point: one, one a channel, or of the data's rank where there is a block_size. the zero point (when there is one) of the data's type.
Status require_scales(const InferContext& ctx, size_t scale, const Dim& channels);
Status require_quantized(const InferContext& ctx, const QuantizedInput& input);
// The type of a result whose scale and zero point are these inputs: the zero point's dtype, uint8 without one.
Result<DType> result_dtype(const InferContext& ctx, size_t scale, size_t zero, const Dim& channels = Dim(1));

// Parameters of `channels` channels, from one value or one each.
struct Quantization {
  std::vector<float> scale;
  std::vector<int64_t> zero;
  static Quantization read(const EvalContext& ctx, size_t scale, size_t zero, size_t channels = 1);
};

// Our own: the sum is no less than 0 before it is quantised, as a Relu between the layer and its QuantizeLinear has it.
inline constexpr AttrDef kReluAttr{"relu", AttrKind::Int, "0"};
inline float relu_if_asked(const EvalContext& ctx, float value) { return ctx.node().int_attr("relu", 0) != 0 ? std::max(value, 0.0f) : value; }

// saturate(rne(value) + zero), in the range of an integer dtype of 2, 4, 8 or 16 bits.
int64_t to_quantized(float value, int64_t zero, DType dtype);
inline std::byte to_byte(int64_t value) { return static_cast<std::byte>(value & 0xff); }

// q - zero as double; channel c of the last-but-`inner` axis.
Tensor centred(const Tensor& q, const std::vector<int64_t>& zero, int64_t inner);

// What operator `op` on floats infers for the quantised inputs, quantised by the result's scale and zero point.
TypesResult infer_quantized(const InferContext& ctx, std::string_view op, std::initializer_list<QuantizedInput> inputs, size_t scale, size_t zero);
// How many scales QuantizeLinear and DequantizeLinear may have: one for each index of the axis; a rank that does not reach it
// takes one only.
Result<Dim> quantized_channels(const InferContext& ctx);

// What a float operator infers for the shapes of the given inputs, or computes for tensors.
TypesResult infer_float_form(const InferContext& ctx, std::string_view op, std::span<const size_t> inputs);
TensorsResult run_float_form(const EvalContext& ctx, std::string_view op, std::vector<Tensor> inputs);

// s32 sums to bytes: rne(float(sum + bias) * (x * w[c] / y)) + zero, as the fp32 expression in this order; the node's kReluAttr.
Tensor requantize(const EvalContext& ctx, const Tensor& sums, const Tensor& bias, const Quantization& x, const Quantization& w, const Quantization& y,
                  size_t channel_axis);

}  // namespace npu::detail
