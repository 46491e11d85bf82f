// SPDX-License-Identifier: Apache-2.0
// Elementwise operators as vector instructions. What would lose accuracy in fp16 is computed in fp32 inside.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "compiler/lower/chain_builder.h"

namespace npu {
namespace {

using Ref = ChainBuilder::Ref;
using Refs = std::span<const Ref>;

// Both operands in one type; a broadcast operand that would need a conversion keeps the tile in its type.
Ref combine(ChainBuilder& b, Opcode op, Ref x, Ref y) {
  if (b.type(x) != b.type(y)) {
    if (!x.broadcast && (y.broadcast || b.type(y) == VecType::F32)) x = b.convert(x, b.type(y));
    else y = b.convert(y, b.type(x));
  }
  return b.binary(op, x, y);
}

template <Opcode op>
Ref binary_rule(ChainBuilder& b, const Node&, Refs in) {
  return combine(b, op, in[0], in[1]);
}

template <Opcode op>
Ref variadic_rule(ChainBuilder& b, const Node&, Refs in) {
  Ref result = in[0];
  for (size_t i = 1; i < in.size(); ++i) result = combine(b, op, result, in[i]);
  return result;
}

template <Opcode op>
Ref unary_rule(ChainBuilder& b, const Node&, Refs in) {
  return b.unary(op, in[0]);
}

// Unary in fp32: the rounding happens once, when the chain converts back.
template <Opcode op>
Ref unary_f32_rule(ChainBuilder& b, const Node&, Refs in) {
  return b.unary(op, b.convert(in[0], VecType::F32));
}

Ref identity_rule(ChainBuilder&, const Node&, Refs in) { return in[0]; }
Ref neg_rule(ChainBuilder& b, const Node&, Refs in) { return b.scalar(Opcode::Vmuls, in[0], -1.0f); }
Ref leaky_relu_rule(ChainBuilder& b, const Node& node, Refs in) { return b.scalar(Opcode::Vlrelu, in[0], node.float_attr("alpha", 0.01f)); }

Ref prelu_rule(ChainBuilder& b, const Node&, Refs in) {
  const Ref negative = b.binary(Opcode::Vmul, b.scalar(Opcode::Vmins, in[0], 0), in[1]);
  return b.binary(Opcode::Vadd, b.unary(Opcode::Vrelu, in[0]), negative);
}

float constant_or(const Graph& graph, const Node& node, size_t input, float fallback) {
  if (input >= node.inputs.size() || node.inputs[input] == kNone) return fallback;
  const auto& constant = graph.value(node.inputs[input]).constant;
  return constant && constant->elements() == 1 ? static_cast<float>(constant->to_doubles()[0]) : fallback;
}

Ref clip_rule(ChainBuilder& b, const Node& node, Refs in) {
  const float lowest = std::numeric_limits<float>::lowest(), highest = std::numeric_limits<float>::max();
  const float low = constant_or(b.graph(), node, 1, node.float_attr("min", lowest));
  const float high = constant_or(b.graph(), node, 2, node.float_attr("max", highest));
  Ref x = in[0];
  if (low > -65504.0f) x = b.scalar(Opcode::Vmaxs, x, low);
  if (high < 65504.0f) x = b.scalar(Opcode::Vmins, x, high);
  return x;
}

std::optional<std::string> reject_clip(const Graph& graph, const Node& node) {
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone && !graph.is_constant(node.inputs[i])) return "bounds computed at run time";
  return std::nullopt;
}

Ref sigmoid_f32(ChainBuilder& b, Ref x) {
  return b.unary(Opcode::Vrec, b.scalar(Opcode::Vadds, b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, x, -1.0f)), 1.0f));
}

Ref sigmoid_rule(ChainBuilder& b, const Node&, Refs in) { return sigmoid_f32(b, b.convert(in[0], VecType::F32)); }

// x / (1 + exp(-alpha x))
Ref swish_rule(ChainBuilder& b, const Node& node, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  const Ref gate = b.scalar(Opcode::Vadds, b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, x, -node.float_attr("alpha", 1.0f))), 1.0f);
  return b.binary(Opcode::Vdiv, x, gate);
}

// tanh(x) = 1 - 2 / (exp(2x) + 1); beyond |x| = 10 the fp16 result is 1.
Ref tanh_rule(ChainBuilder& b, const Node&, Refs in) {
  Ref x = b.convert(in[0], VecType::F32);
  x = b.scalar(Opcode::Vmaxs, b.scalar(Opcode::Vmins, x, 10.0f), -10.0f);
  const Ref e = b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, x, 2.0f));
  return b.binary(Opcode::Vdiv, b.scalar(Opcode::Vadds, e, -1.0f), b.scalar(Opcode::Vadds, e, 1.0f));
}

Ref hard_sigmoid(ChainBuilder& b, Ref x, float alpha, float beta) {
  x = b.scalar(Opcode::Vadds, b.scalar(Opcode::Vmuls, x, alpha), beta);
  return b.scalar(Opcode::Vmins, b.scalar(Opcode::Vmaxs, x, 0.0f), 1.0f);
}

Ref hard_sigmoid_rule(ChainBuilder& b, const Node& node, Refs in) {
  return hard_sigmoid(b, b.convert(in[0], VecType::F32), node.float_attr("alpha", 0.2f), node.float_attr("beta", 0.5f));
}

Ref hard_swish_rule(ChainBuilder& b, const Node&, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  return b.binary(Opcode::Vmul, x, hard_sigmoid(b, x, 1.0f / 6.0f, 0.5f));
}

Ref elu_rule(ChainBuilder& b, const Node& node, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  const Ref e = b.scalar(Opcode::Vadds, b.unary(Opcode::Vexp, b.scalar(Opcode::Vmins, x, 0.0f)), -1.0f);
  return b.binary(Opcode::Vadd, b.unary(Opcode::Vrelu, x), b.scalar(Opcode::Vmuls, e, node.float_attr("alpha", 1.0f)));
}

// softplus(x) = max(x, 0) + ln(1 + exp(-|x|))
Ref softplus_rule(ChainBuilder& b, const Node&, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  const Ref e = b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, b.unary(Opcode::Vabs, x), -1.0f));
  return b.binary(Opcode::Vadd, b.unary(Opcode::Vrelu, x), b.unary(Opcode::Vln, b.scalar(Opcode::Vadds, e, 1.0f)));
}

// Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.
Ref erf_rule(ChainBuilder& b, const Node&, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  const Ref magnitude = b.unary(Opcode::Vabs, x);
  const Ref t = b.unary(Opcode::Vrec, b.scalar(Opcode::Vadds, b.scalar(Opcode::Vmuls, magnitude, 0.3275911f), 1.0f));
  Ref poly = b.scalar(Opcode::Vmuls, t, 1.061405429f);
  for (float coefficient : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    poly = b.binary(Opcode::Vmul, b.scalar(Opcode::Vadds, poly, coefficient), t);
  const Ref gauss = b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, b.binary(Opcode::Vmul, x, x), -1.0f));
  const Ref positive = b.scalar(Opcode::Vadds, b.scalar(Opcode::Vmuls, b.binary(Opcode::Vmul, poly, gauss), -1.0f), 1.0f);
  const Ref sign = b.binary(Opcode::Vdiv, x, b.scalar(Opcode::Vadds, magnitude, 1e-30f));
  return b.binary(Opcode::Vmul, sign, positive);
}

// x / (1 + e^(-x (a + b x^2 + c x^4))), fitted to x * (1 + erf(x / sqrt(2))) / 2: absolute error below 3e-5, a third of the
// steps that erf takes. Beyond |x| = 5 the polynomial goes on as a straight line.
Ref gelu_rule(ChainBuilder& b, const Node& node, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  Ref square = b.binary(Opcode::Vmul, x, x);
  const bool tanh = node.string_attr("approximate", "none") == "tanh";
  Ref poly;
  if (tanh) {
    poly = b.scalar(Opcode::Vmuls, square, -2 * 0.7978845608f * 0.044715f);
    poly = b.scalar(Opcode::Vadds, poly, -2 * 0.7978845608f);
  } else {
    square = b.scalar(Opcode::Vmins, square, 25.0f);
    poly = b.scalar(Opcode::Vmuls, square, 6.94390495e-4f);
    poly = b.binary(Opcode::Vmul, b.scalar(Opcode::Vadds, poly, -7.39741805e-2f), square);
    poly = b.scalar(Opcode::Vadds, poly, -1.59497316f);
  }
  const Ref gate = b.scalar(Opcode::Vadds, b.unary(Opcode::Vexp, b.binary(Opcode::Vmul, poly, x)), 1.0f);
  return b.binary(Opcode::Vdiv, x, gate);
}

constexpr float kLargestWholePower = 64;

float exponent_of(const Graph& graph, const Node& node) { return constant_or(graph, node, 1, std::numeric_limits<float>::quiet_NaN()); }

bool is_whole(float exponent) { return exponent == std::trunc(exponent); }

// By squaring; a negative power is the reciprocal of the positive one.
Ref whole_power(ChainBuilder& b, Ref x, int exponent) {
  Ref square = x;
  std::optional<Ref> product;
  for (int rest = std::abs(exponent); rest > 0; rest /= 2) {
    if (rest % 2 != 0) product = product ? b.binary(Opcode::Vmul, *product, square) : square;
    if (rest > 1) square = b.binary(Opcode::Vmul, square, square);
  }
  return exponent < 0 ? b.unary(Opcode::Vrec, *product) : *product;
}

// Fractional powers as exp(exponent * ln(x)); of negative numbers they are not a number, as ln is.
Ref pow_rule(ChainBuilder& b, const Node& node, Refs in) {
  const Ref x = b.convert(in[0], VecType::F32);
  const float exponent = exponent_of(b.graph(), node);
  if (is_whole(exponent)) return whole_power(b, x, static_cast<int>(exponent));
  if (exponent == 0.5f) return b.unary(Opcode::Vsqrt, x);
  if (exponent == -0.5f) return b.unary(Opcode::Vrsqrt, x);
  return b.unary(Opcode::Vexp, b.scalar(Opcode::Vmuls, b.unary(Opcode::Vln, x), exponent));
}

std::optional<std::string> reject_pow(const Graph& graph, const Node& node) {
  const float exponent = exponent_of(graph, node);
  if (!std::isfinite(exponent)) return "the exponent is no constant number";
  if (exponent == 0 || (is_whole(exponent) && std::abs(exponent) > kLargestWholePower)) return fmt::format("the exponent is {}", exponent);
  return std::nullopt;
}

std::optional<std::string> reject_prelu(const Graph& graph, const Node& node) {
  if (graph.value(node.inputs[0]).type.dtype != graph.value(node.inputs[1]).type.dtype) return "slope of another type";
  return std::nullopt;
}

constexpr std::array kElementwise{
    ElementwiseOp{"Abs", unary_rule<Opcode::Vabs>, nullptr, 1},
    ElementwiseOp{"Add", binary_rule<Opcode::Vadd>, nullptr, 0},
    ElementwiseOp{"Cast", identity_rule, nullptr, 1},
    ElementwiseOp{"Clip", clip_rule, reject_clip, 1},
    ElementwiseOp{"Div", binary_rule<Opcode::Vdiv>, nullptr, 0},
    ElementwiseOp{"Elu", elu_rule, nullptr, 1},
    ElementwiseOp{"Erf", erf_rule, nullptr, 1},
    ElementwiseOp{"Exp", unary_f32_rule<Opcode::Vexp>, nullptr, 1},
    ElementwiseOp{"Gelu", gelu_rule, nullptr, 1},
    ElementwiseOp{"HardSigmoid", hard_sigmoid_rule, nullptr, 1},
    ElementwiseOp{"HardSwish", hard_swish_rule, nullptr, 1},
    ElementwiseOp{"LeakyRelu", leaky_relu_rule, nullptr, 1},
    ElementwiseOp{"Log", unary_f32_rule<Opcode::Vln>, nullptr, 1},
    ElementwiseOp{"Max", variadic_rule<Opcode::Vmax>, nullptr, 0},
    ElementwiseOp{"Min", variadic_rule<Opcode::Vmin>, nullptr, 0},
    ElementwiseOp{"Mul", binary_rule<Opcode::Vmul>, nullptr, 0},
    ElementwiseOp{"Neg", neg_rule, nullptr, 1},
    ElementwiseOp{"PRelu", prelu_rule, reject_prelu, 0},
    ElementwiseOp{"Pow", pow_rule, reject_pow, 1},
    ElementwiseOp{"Reciprocal", unary_f32_rule<Opcode::Vrec>, nullptr, 1},
    ElementwiseOp{"Relu", unary_rule<Opcode::Vrelu>, nullptr, 1},
    ElementwiseOp{"Sigmoid", sigmoid_rule, nullptr, 1},
    ElementwiseOp{"Softplus", softplus_rule, nullptr, 1},
    ElementwiseOp{"Sqrt", unary_rule<Opcode::Vsqrt>, nullptr, 1},
    ElementwiseOp{"Sub", binary_rule<Opcode::Vsub>, nullptr, 0},
    ElementwiseOp{"Sum", variadic_rule<Opcode::Vadd>, nullptr, 0},
    ElementwiseOp{"Swish", swish_rule, nullptr, 1},
    ElementwiseOp{"Tanh", tanh_rule, nullptr, 1},
};

}  // namespace

const ElementwiseOp* find_elementwise(std::string_view op) {
  for (const std::span<const ElementwiseOp> table : {std::span<const ElementwiseOp>(kElementwise), math_operators()})
    if (const auto found = std::ranges::find(table, op, &ElementwiseOp::op); found != table.end()) return &*found;
  return nullptr;
}

}  // namespace npu
