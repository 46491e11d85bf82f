// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/quantized.h"

#include <cmath>

#include "core/base/math.h"

namespace npu::detail {

Status require_scales(const InferContext& ctx, size_t scale, const Dim& channels) {
  NPU_CHECK(require_float(ctx, scale));
  const TensorType& type = ctx.input(scale);
  if (!type.is_static()) return {};
  const int64_t count = element_count(to_shape(type.dims));
  if (ctx.node().int_attr("block_size", 0) > 0) return {};  // ScaleGrid::of compares the shapes
  if (count == 1 || (count > 1 && (!channels.known() || count == channels.value()))) return {};
  return ctx.error(fmt::format("input {} holds {} scales for {} channels", scale, count, channels.value()));
}

Status require_quantized(const InferContext& ctx, const QuantizedInput& input) {
  const DType dtype = ctx.input(input.data).dtype;
  if (!is_byte(dtype)) return ctx.error(fmt::format("input {} is {}, needs int8 or uint8", input.data, to_string(dtype)));
  NPU_CHECK(require_scales(ctx, input.scale, input.channels));
  if (!ctx.has_input(input.zero)) return {};
  const DType zero = ctx.input(input.zero).dtype;
  if (zero != dtype) return ctx.error(fmt::format("input {} is {}, its zero point {}", input.data, to_string(dtype), to_string(zero)));
  return {};
}

Result<DType> result_dtype(const InferContext& ctx, size_t scale, size_t zero, const Dim& channels) {
  NPU_CHECK(require_scales(ctx, scale, channels));
  if (!ctx.has_input(zero)) return DType::UInt8;
  const DType dtype = ctx.input(zero).dtype;
  if (!is_byte(dtype)) return ctx.error(fmt::format("zero point (input {}) is {}, needs int8 or uint8", zero, to_string(dtype)));
  return dtype;
}

Quantization Quantization::read(const EvalContext& ctx, size_t scale, size_t zero, size_t channels) {
  Quantization q;
  for (double value : ctx.input(scale).to_doubles()) q.scale.push_back(static_cast<float>(value));
  q.zero = ctx.has_input(zero) ? ctx.input(zero).to_ints() : std::vector<int64_t>{0};
  if (q.scale.size() != channels) q.scale.assign(channels, q.scale.empty() ? 1.0f : q.scale[0]);
  if (q.zero.size() != channels) q.zero.assign(channels, q.zero.empty() ? 0 : q.zero[0]);
  return q;
}

Result<ScaleGrid> ScaleGrid::of(const EvalContext& ctx, const Shape& shape, const Tensor& scale) {
  ScaleGrid grid;
  if (scale.elements() == 1) return grid;
  if (shape.empty()) return ctx.error(fmt::format("{} scales for a scalar", scale.elements()));
  const size_t axis = shape.size() < 2 ? 0 : *normalize_axis(ctx, ctx.node().int_attr("axis", 1), shape.size());
  for (size_t i = axis + 1; i < shape.size(); ++i) grid.inner *= shape[i];
  grid.length = shape[axis];
  grid.block = ctx.node().int_attr("block_size", 0);
  if (grid.block < 0) return ctx.error(fmt::format("block_size={} is negative", grid.block));
  Shape wanted = grid.block == 0 ? Shape{shape[axis]} : shape;
  if (grid.block > 0) wanted[axis] = ceil_div(shape[axis], grid.block);
  if (scale.shape() != wanted) return ctx.error(fmt::format("scales of shape {}, expected {}", to_string(scale.shape()), to_string(wanted)));
  grid.scales = grid.block == 0 ? shape[axis] : wanted[axis];
  grid.inner = std::max<int64_t>(grid.inner, 1), grid.length = std::max<int64_t>(grid.length, 1), grid.scales = std::max<int64_t>(grid.scales, 1);
  return grid;
}

int64_t to_quantized(float value, int64_t zero, DType dtype) {
  const bool is_signed = dtype == DType::Int8 || dtype == DType::Int16 || dtype == DType::Int4 || dtype == DType::Int2;
  const int bits = dtype_info(dtype).file_bits > 0 ? dtype_info(dtype).file_bits : static_cast<int>(8 * dtype_size(dtype));
  const int64_t values = int64_t{1} << bits, low = is_signed ? -values / 2 : 0, high = low + values - 1;
  if (std::isnan(value)) return low;
  return std::clamp(static_cast<int64_t>(std::nearbyint(std::clamp(value, -1e6f, 1e6f))) + zero, low, high);
}

Tensor centred(const Tensor& q, const std::vector<int64_t>& zero, int64_t inner) {
  Tensor result = q.cast(DType::Float64);
  auto values = result.mutable_data<double>();
  for (size_t i = 0; i < values.size(); ++i) values[i] -= static_cast<double>(zero[i / static_cast<size_t>(std::max<int64_t>(1, inner)) % zero.size()]);
  return result;
}

TypesResult infer_quantized(const InferContext& ctx, std::string_view op, std::initializer_list<QuantizedInput> inputs, size_t scale, size_t zero) {
  std::vector<size_t> operands;
  for (const QuantizedInput& input : inputs) {
    NPU_CHECK(require_quantized(ctx, input));
    operands.push_back(input.data);
  }
  NPU_TRY(const DType dtype, result_dtype(ctx, scale, zero));
  NPU_TRY(auto types, infer_float_form(ctx, op, operands));
  types[0].dtype = dtype;
  return types;
}

Result<Dim> quantized_channels(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank || x.dims.size() < 2) return x.dims.empty() ? Dim(1) : x.dims[0];
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 1), x.dims.size()));
  return x.dims[axis];
}

TypesResult infer_float_form(const InferContext& ctx, std::string_view op, std::span<const size_t> inputs) {
  const OpDef* def = find_op(op);
  Graph graph;
  graph.opset = ctx.opset();
  Node node = ctx.node();
  node.op = op;
  node.attrs.erase(std::string(kReluAttr.name));
  node.inputs.clear();
  for (size_t i : inputs) {
    TensorType type = ctx.input(i);
    type.dtype = DType::Float32;
    node.inputs.push_back(graph.add_value(fmt::format("input{}", i), type));
  }
  return def->infer(InferContext(graph, node));
}

TensorsResult run_float_form(const EvalContext& ctx, std::string_view op, std::vector<Tensor> inputs) {
  Node node = ctx.node();
  node.op = op;
  node.attrs.erase(std::string(kReluAttr.name));
  node.inputs.assign(inputs.size(), 0);
  return run_reference(node, ctx.opset(), inputs);
}

Tensor requantize(const EvalContext& ctx, const Tensor& sums, const Tensor& bias, const Quantization& x, const Quantization& w, const Quantization& y,
                  size_t channel_axis) {
  const Shape& shape = sums.shape();
  int64_t inner = 1;
  for (size_t i = channel_axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const int64_t channels = shape[channel_axis];
  const auto values = sums.data<double>();
  const auto biases = bias.empty() ? std::vector<int64_t>{} : bias.to_ints();
  Tensor result(ctx.output_dtype(0), shape);
  auto bytes = result.mutable_bytes();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto c = static_cast<size_t>(static_cast<int64_t>(i) / inner % channels);
    const float multiplier = x.scale[0] * w.scale[c % w.scale.size()] / y.scale[0];
    const double sum = values[i] + (biases.empty() ? 0.0 : static_cast<double>(biases[c % biases.size()]));
    bytes[i] = to_byte(to_quantized(relu_if_asked(ctx, static_cast<float>(sum) * multiplier), y.zero[0], ctx.output_dtype(0)));
  }
  return result;
}

}  // namespace npu::detail
