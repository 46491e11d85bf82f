// SPDX-License-Identifier: Apache-2.0
// QLinearConv and QGemm on the cube: bytes by bytes into s32, requantised on the way out of L0C. The zero point of A enters
// through the bias (less zero * sum of the column's weights), and outside the feature map A is its zero point.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compiler/lower/conv_shape.h"
#include "compiler/lower/families.h"
#include "compiler/lower/quantization.h"

namespace npu {
namespace {

// Where a node keeps its operands; bias may be absent.
struct Positions {
  size_t weights, bias, y_scale, y_zero;
};
constexpr Positions kConv{3, 8, 6, 7}, kGemm{3, 6, 7, 8};

// Weights less their zero points, [columns][rest] whatever the stored order, or the reason why they are no s8.
struct Weights {
  std::vector<int8_t> values;
  std::vector<int32_t> sums;     // of a column
  std::string fault;
};

// column_of(i): the output column of stored element i.
template <class F>
Weights read_weights(const Graph& graph, const Node& node, int64_t columns, F&& column_of) {
  const Tensor& tensor = *graph.value(node.inputs[3]).constant;
  const auto zero = node.inputs[5] == kNone ? std::vector<int64_t>{0} : graph.value(node.inputs[5]).constant->to_ints();
  const auto bytes = tensor.bytes();
  const bool is_signed = tensor.dtype() == DType::Int8;
  Weights weights;
  weights.values.resize(bytes.size());
  weights.sums.resize(static_cast<size_t>(columns));
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<size_t>(column_of(static_cast<int64_t>(i)));
    const int raw = is_signed ? static_cast<int8_t>(bytes[i]) : static_cast<uint8_t>(bytes[i]), value = raw - static_cast<int>(zero[zero.size() == 1 ? 0 : c]);
    if (value < -128 || value > 127) weights.fault = fmt::format("weight {} less its zero point is {}, no s8", raw, value);
    weights.values[i] = static_cast<int8_t>(value);
    weights.sums[c] += value;
  }
  return weights;
}

// Symmetric s8: nothing to subtract, nothing to check.
bool plain_weights(const Graph& graph, const Node& node) {
  if (graph.value(node.inputs[3]).type.dtype != DType::Int8) return false;
  if (node.inputs[5] == kNone) return true;
  return std::ranges::all_of(graph.value(node.inputs[5]).constant->bytes(), [](std::byte b) { return b == std::byte{}; });
}

std::optional<std::string> reject_parameters(const Graph& graph, const Node& node, const Soc& soc, const Positions& at, int64_t columns) {
  if (soc.split) return fmt::format("8-bit layers are not compiled for {} yet", soc.name);
  if (!is_byte(graph.value(node.inputs[0]).type.dtype)) return fmt::format("{} data", to_string(graph.value(node.inputs[0]).type.dtype));
  if (!graph.is_constant(node.inputs[at.weights])) return "weights computed at run time";
  if (!quant_pair(graph, node, 1, 2) || !quant_pair(graph, node, at.y_scale, at.y_zero)) return "scale and zero point of the data are not one constant each";
  for (size_t i : {size_t{4}, size_t{5}}) {
    if (node.inputs[i] == kNone) continue;
    if (!graph.is_constant(node.inputs[i])) return "scales of the weights computed at run time";
    const int64_t count = graph.value(node.inputs[i]).constant->elements();
    if (count != 1 && count != columns) return fmt::format("{} scales of weights for {} columns", count, columns);
  }
  if (at.bias >= node.inputs.size() || node.inputs[at.bias] == kNone) return std::nullopt;
  const Value& bias = graph.value(node.inputs[at.bias]);
  if (!bias.constant || bias.constant->elements() != columns) return "bias is not one constant a column";
  return std::nullopt;
}

// Bias, multipliers and types; columns: how many there are.
void add_parameters(LowerContext& context, const Node& node, const Positions& at, const Weights& weights, CubeTask& cube) {
  const Graph& graph = context.graph;
  const auto columns = static_cast<int64_t>(weights.sums.size());
  const QuantPair x = *quant_pair(graph, node, 1, 2), y = *quant_pair(graph, node, at.y_scale, at.y_zero);
  const bool has_bias = at.bias < node.inputs.size() && node.inputs[at.bias] != kNone;
  const auto bias = has_bias ? graph.value(node.inputs[at.bias]).constant->to_ints() : std::vector<int64_t>{0};
  const auto scales = graph.value(node.inputs[4]).constant->to_doubles();
  const bool to_s8 = graph.value(node.outputs[0]).type.dtype == DType::Int8;
  const uint64_t common = static_cast<uint64_t>(y.zero & 0x1ff) << 37 | static_cast<uint64_t>(to_s8) << 46;
  std::vector<int32_t> starts(static_cast<size_t>(align_up(columns, 32)));
  std::vector<uint64_t> table(starts.size(), common);
  for (size_t c = 0; c < static_cast<size_t>(columns); ++c) {
    // Sums wrap, so does their start.
    starts[c] = static_cast<int32_t>(static_cast<uint32_t>(bias[c % bias.size()] - x.zero * weights.sums[c]));
    const float multiplier = x.scale * static_cast<float>(scales[c % scales.size()]) / y.scale;
    table[c] |= std::bit_cast<uint32_t>(multiplier);
  }
  cube.bias = context.add_weights(std::as_bytes(std::span(starts)));
  cube.quant = context.add_weights(std::as_bytes(std::span(table)));
  const bool signed_data = graph.value(node.inputs[0]).type.dtype == DType::Int8;
  cube.problem.a_type = signed_data ? VecType::S8 : VecType::U8;
  cube.problem.b_type = VecType::S8;
  cube.pad_value = x.zero & 0xff;
  cube.relu = node.int_attr("relu", 0) != 0;
  cube.result = context.address(node.outputs[0]);
}

int64_t gemm_columns(const Graph& graph, const Node& node) {
  const Shape b = to_shape(graph.value(node.inputs[3]).type.dims);
  return node.int_attr("transB", 0) != 0 ? b[0] : b[1];
}

Weights gemm_weights(const Graph& graph, const Node& node) {
  const Shape b = to_shape(graph.value(node.inputs[3]).type.dims);
  const bool transposed = node.int_attr("transB", 0) != 0;
  return read_weights(graph, node, gemm_columns(graph, node), [&](int64_t i) { return transposed ? i / b[1] : i % b[1]; });
}

Weights conv_weights(const Graph& graph, const Node& node, const ConvShape& s) {
  const int64_t each = s.cin / s.groups * s.kh * s.kw;
  return read_weights(graph, node, s.cout, [each](int64_t i) { return i / each; });
}

// [packs][c1][kh][kw][n1][16 n][32 c].
std::vector<int8_t> prepare_filters(const Weights& weights, const ConvShape& s, int64_t n1) {
  const int64_t in = s.cin / s.groups, out = s.cout / s.groups, taps = s.kh * s.kw, c1 = s.pack_in() / s.c0;
  std::vector<int8_t> prepared(static_cast<size_t>(s.packs() * c1 * taps * n1 * kFractalBytes));
  for (int64_t co = 0; co < s.cout; ++co) {
    const int64_t group = co / out, pack = group / s.pack(), n = co - pack * s.pack_out();
    for (int64_t ci = 0; ci < in; ++ci) {
      const int64_t c = group * in + ci - pack * s.pack_in();
      const int8_t* from = weights.values.data() + (co * in + ci) * taps;
      int8_t* to = prepared.data() + ((((pack * c1 + c / s.c0) * taps) * n1 + n / 16) * 16 + n % 16) * s.c0 + c % s.c0;
      for (int64_t tap = 0; tap < taps; ++tap) to[tap * n1 * kFractalBytes] = from[tap];
    }
  }
  return prepared;
}

// Small channels: [kh*kw/8][n1][16 n][8 taps][4 c], zeros past the last tap.
std::vector<int8_t> prepare_small_filters(const Weights& weights, const ConvShape& s, int64_t n1) {
  const int64_t taps = s.kh * s.kw, block = s.c0 / kSmallChannels;
  std::vector<int8_t> prepared(static_cast<size_t>(ceil_div(taps, block) * n1 * kFractalBytes));
  const int8_t* from = weights.values.data();
  for (int64_t n = 0; n < s.cout; ++n)
    for (int64_t c = 0; c < s.cin; ++c)
      for (int64_t tap = 0; tap < taps; ++tap)
        prepared[static_cast<size_t>((tap / block * n1 * 16 + n) * s.c0 + tap % block * kSmallChannels + c)] = *from++;
  return prepared;
}

}  // namespace

std::optional<std::string> reject_qconv(const Graph& graph, const Node& node, const Soc& soc) {
  const Dims& x = graph.value(node.inputs[0]).type.dims;
  if (x.size() != 4) return fmt::format("{}-D convolution", x.size() - 2);
  const ConvShape s = conv_shape(graph, node);
  if (auto why = reject_parameters(graph, node, soc, kConv, s.cout)) return why;
  if (!plain_weights(graph, node))
    if (const Weights weights = conv_weights(graph, node, s); !weights.fault.empty()) return weights.fault;
  return reject_conv_shape(graph, node, soc);
}

std::optional<std::string> reject_conv_residual(const Graph& graph, const Soc& soc, const TaskSpec& task, const Node& next) {
  if (next.op != "QLinearAdd") return next.op + " is no sum of bytes";
  if (task.nodes.size() != 1) return "one sum can follow an 8-bit convolution";
  const Node& conv = graph.node(task.nodes[0]);
  if (auto why = reject_residual(graph, next, conv.outputs[0])) return why;
  CubeProblem problem = conv_problem(graph, conv);
  problem.residual = true;
  return reject_cube(soc, problem);
}

Status lower_qconv(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const ConvShape s = conv_shape(graph, node);
  const Weights weights = conv_weights(graph, node, s);
  CubeTask cube;
  cube.problem = conv_problem(graph, node);
  add_parameters(context, node, kConv, weights, cube);
  const auto prepared = (s.small ? prepare_small_filters : prepare_filters)(weights, s, cube.problem.n1());
  add_conv_items(context, node, s, context.add_weights(std::as_bytes(std::span(prepared))), cube);
  if (spec.nodes.size() > 1) {
    const Node& sum = graph.node(spec.nodes[1]);
    cube.problem.residual = true;
    cube.residual = make_residual(context, sum, node.outputs[0]);
    cube.result = context.address(sum.outputs[0]);
  }
  NPU_TRY(task.blocks, emit_cube(context, cube));
  task.macs = s.batch * s.cout * s.ho * s.wo * (s.cin / s.groups) * s.kh * s.kw;
  return {};
}

std::optional<std::string> reject_qgemm(const Graph& graph, const Node& node, const Soc& soc) {
  if (node.int_attr("transA", 0) != 0) return "transposed A";
  if (auto why = reject_parameters(graph, node, soc, kGemm, gemm_columns(graph, node))) return why;
  if (!plain_weights(graph, node))
    if (const Weights weights = gemm_weights(graph, node); !weights.fault.empty()) return weights.fault;
  return std::nullopt;
}

Status lower_qgemm(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const Shape a = to_shape(graph.value(node.inputs[0]).type.dims);
  const bool transposed = node.int_attr("transB", 0) != 0;
  const int64_t k_size = a[1], n_size = gemm_columns(graph, node);
  const Weights weights = gemm_weights(graph, node);
  CubeTask cube;
  CubeProblem& p = cube.problem;
  add_parameters(context, node, kGemm, weights, cube);
  p.matrix = true;
  p.k = p.a_pitch = k_size;
  p.n = p.y_pitch = n_size;
  p.c1 = ceil_div(k_size, 32);
  p.w = p.wo = a[0];
  std::vector<int8_t> prepared(static_cast<size_t>(p.k1() * p.n1() * kFractalBytes));
  for (int64_t k = 0; k < k_size; ++k)
    for (int64_t n = 0; n < n_size; ++n)
      prepared[static_cast<size_t>(((k / 32 * p.n1() + n / 16) * 16 + n % 16) * 32 + k % 32)] = weights.values[static_cast<size_t>(transposed ? n * k_size + k : k * n_size + n)];
  cube.items.push_back({context.address(node.inputs[0]), context.add_weights(std::as_bytes(std::span(prepared))), 0, 0, 0});
  NPU_TRY(task.blocks, emit_cube(context, cube));
  task.macs = a[0] * k_size * n_size;
  return {};
}

}  // namespace npu
