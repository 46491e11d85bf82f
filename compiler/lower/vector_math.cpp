// SPDX-License-Identifier: Apache-2.0
// Functions the vector unit has no instruction for, as chains in fp32: rounding, trigonometric and hyperbolic functions and
// their inverses, activations. What differs between two ranges is a sum whose terms are multiplied by a step.
#include <array>
#include <initializer_list>
#include <iterator>
#include <span>

#include "compiler/lower/chain_builder.h"

namespace npu {
namespace {

using Ref = ChainBuilder::Ref;
using Refs = std::span<const Ref>;

constexpr float kHalfPi = 1.57079632679f;

// fp32 arithmetic on the values of a chain.
class Wide {
 public:
  explicit Wide(ChainBuilder& b) : b_(b) {}

  Ref of(Ref x) { return b_.convert(x, VecType::F32); }
  Ref add(Ref x, Ref y) { return b_.binary(Opcode::Vadd, x, y); }
  Ref sub(Ref x, Ref y) { return b_.binary(Opcode::Vsub, x, y); }
  Ref mul(Ref x, Ref y) { return b_.binary(Opcode::Vmul, x, y); }
  Ref div(Ref x, Ref y) { return b_.binary(Opcode::Vdiv, x, y); }
  Ref add(Ref x, float y) { return b_.scalar(Opcode::Vadds, x, y); }
  Ref mul(Ref x, float y) { return b_.scalar(Opcode::Vmuls, x, y); }
  Ref min(Ref x, float y) { return b_.scalar(Opcode::Vmins, x, y); }
  Ref max(Ref x, float y) { return b_.scalar(Opcode::Vmaxs, x, y); }
  Ref exp(Ref x) { return b_.unary(Opcode::Vexp, x); }
  Ref ln(Ref x) { return b_.unary(Opcode::Vln, x); }
  Ref sqrt(Ref x) { return b_.unary(Opcode::Vsqrt, x); }
  Ref abs(Ref x) { return b_.unary(Opcode::Vabs, x); }
  Ref relu(Ref x) { return b_.unary(Opcode::Vrelu, x); }
  Ref clamp(Ref x, float low, float high) { return max(min(x, high), low); }
  // 1 where x > 0, else 0; -1, 0 or 1. Differences of fp16 values are far above the smallest number that 2^80 makes one of.
  Ref step(Ref x) { return clamp(mul(x, 0x1p80f), 0, 1); }
  Ref sign(Ref x) { return clamp(mul(x, 0x1p80f), -1, 1); }
  // The nearest integer, halves to even, for |x| <= 2^22.
  Ref nearest(Ref x) { return add(add(x, 0x1.8p23f), -0x1.8p23f); }
  // c[0] + c[1] x + c[2] x^2 + ...
  Ref polynomial(Ref x, std::initializer_list<float> coefficients) {
    auto c = std::rbegin(coefficients);
    Ref sum = mul(x, *c);
    for (++c; c != std::rend(coefficients); ++c) {
      sum = add(sum, *c);
      if (c + 1 != std::rend(coefficients)) sum = mul(sum, x);
    }
    return sum;
  }
  // Where the step is 0: x, where it is 1: y; both finite.
  Ref choose(Ref step, Ref x, Ref y) { return add(x, mul(step, sub(y, x))); }

 private:
  ChainBuilder& b_;
};

// Adds to x what makes it an integer; fp16 values beyond 2^11 are integers already.
template <class F>
Ref rounded(ChainBuilder& b, Refs in, F&& correction) {
  Wide w(b);
  const Ref x = w.of(in[0]), near = w.clamp(x, -4096, 4096);
  return w.add(x, correction(w, w.sub(w.nearest(near), near)));
}

Ref round_rule(ChainBuilder& b, const Node&, Refs in) {
  return rounded(b, in, [](Wide&, Ref up) { return up; });
}
Ref floor_rule(ChainBuilder& b, const Node&, Refs in) {
  return rounded(b, in, [](Wide& w, Ref up) { return w.sub(up, w.step(up)); });
}
Ref ceil_rule(ChainBuilder& b, const Node&, Refs in) {
  return rounded(b, in, [](Wide& w, Ref up) { return w.add(up, w.step(w.mul(up, -1))); });
}

Ref sign_rule(ChainBuilder& b, const Node&, Refs in) {
  Wide w(b);
  return w.sign(w.of(in[0]));
}

// sin(x - k pi) by its series, |x - k pi| <= pi / 2; pi in three parts of which the first two times k are exact.
Ref sine_of_rest(Wide& w, Ref x, Ref k) {
  Ref rest = x;
  for (float part : {3.140625f, 0x1.fcp-11f, -1.27951569e-6f}) rest = w.sub(rest, w.mul(k, part));
  const Ref square = w.mul(rest, rest);
  return w.mul(rest, w.polynomial(square, {1.0f, -1.0f / 6, 1.0f / 120, -1.0f / 5040, 1.0f / 362880, -1.0f / 39916800}));
}

// 1 for even k, -1 for odd k.
Ref alternate(Wide& w, Ref k) {
  const Ref odd = w.sub(k, w.mul(w.nearest(w.mul(k, 0.5f)), 2));
  return w.add(w.mul(w.mul(odd, odd), -2), 1);
}

Ref sine(Wide& w, Ref x) {
  const Ref k = w.nearest(w.mul(x, 0.318309886f));
  return w.mul(sine_of_rest(w, x, k), alternate(w, k));
}

// cos(x) = -(-1)^k sin(x - (k + 1/2) pi)
Ref cosine(Wide& w, Ref x) {
  const Ref k = w.nearest(w.add(w.mul(x, 0.318309886f), -0.5f));
  return w.mul(w.mul(sine_of_rest(w, x, w.add(k, 0.5f)), alternate(w, k)), -1);
}

// Abramowitz and Stegun 4.4.49: |error| <= 2e-8 for |x| <= 1; beyond: pi / 2 - atan(1 / x).
Ref arc_tangent(Wide& w, Ref x) {
  const Ref magnitude = w.abs(x);
  const Ref t = w.div(w.min(magnitude, 1), w.max(magnitude, 1));
  const Ref inner = w.mul(t, w.polynomial(w.mul(t, t), {1.0f, -0.3333314528f, 0.1999355085f, -0.1420889944f, 0.1065626393f, -0.0752896400f, 0.0429096138f, -0.0161657367f, 0.0028662257f}));
  const Ref outer = w.add(w.mul(inner, -1), kHalfPi);
  return w.mul(w.choose(w.step(w.add(magnitude, -1)), inner, outer), w.sign(x));
}

// Odd functions: a series around 0, where the difference of two like numbers says little, and the function of |x| beyond it.
Ref odd_function(Wide& w, Ref x, Ref far, float limit, std::initializer_list<float> series) {
  const Ref near = w.abs(w.clamp(x, -1, 1));
  const Ref result = w.choose(w.step(w.add(w.abs(x), -limit)), w.mul(near, w.polynomial(w.mul(near, near), series)), far);
  return w.mul(result, w.sign(x));
}

Ref hyperbolic_sine(Wide& w, Ref x) {
  const Ref magnitude = w.abs(w.clamp(x, -20, 20));
  const Ref far = w.mul(w.sub(w.exp(magnitude), w.exp(w.mul(magnitude, -1))), 0.5f);
  return odd_function(w, x, far, 0.5f, {1.0f, 1.0f / 6, 1.0f / 120, 1.0f / 5040});
}

Ref hyperbolic_cosine(Wide& w, Ref x) {
  const Ref magnitude = w.abs(w.clamp(x, -20, 20));
  return w.mul(w.add(w.exp(magnitude), w.exp(w.mul(magnitude, -1))), 0.5f);
}

Ref inverse_hyperbolic_sine(Wide& w, Ref x) {
  const Ref magnitude = w.abs(x);
  const Ref far = w.ln(w.add(magnitude, w.sqrt(w.add(w.mul(magnitude, magnitude), 1))));
  return odd_function(w, x, far, 0.25f, {1.0f, -1.0f / 6, 3.0f / 40, -15.0f / 336, 105.0f / 3456});
}

Ref inverse_hyperbolic_cosine(Wide& w, Ref x) { return w.ln(w.add(x, w.sqrt(w.mul(w.add(x, -1), w.add(x, 1))))); }

// ln((1 + |x|) / (1 - |x|)) / 2; the logarithm of less than nothing is not a number, that of 1 / 0 is infinite.
Ref inverse_hyperbolic_tangent(Wide& w, Ref x) {
  const Ref magnitude = w.abs(x);
  const Ref far = w.mul(w.ln(w.div(w.add(magnitude, 1), w.add(w.mul(magnitude, -1), 1))), 0.5f);
  return odd_function(w, x, far, 0.25f, {1.0f, 1.0f / 3, 1.0f / 5, 1.0f / 7, 1.0f / 9});
}

template <Ref function(Wide&, Ref)>
Ref math_rule(ChainBuilder& b, const Node&, Refs in) {
  Wide w(b);
  return function(w, w.of(in[0]));
}

Ref tangent(Wide& w, Ref x) { return w.div(sine(w, x), cosine(w, x)); }
Ref arc_sine(Wide& w, Ref x) { return arc_tangent(w, w.div(x, w.sqrt(w.mul(w.add(w.mul(x, -1), 1), w.add(x, 1))))); }
Ref arc_cosine(Wide& w, Ref x) { return w.mul(arc_tangent(w, w.sqrt(w.div(w.add(w.mul(x, -1), 1), w.add(x, 1)))), 2); }
Ref softsign(Wide& w, Ref x) { return w.div(x, w.add(w.abs(x), 1)); }

// x tanh(ln(1 + e^x)) = x (n^2 + 2 n) / (n^2 + 2 n + 2), n = e^x; beyond 20 it is x.
Ref mish(Wide& w, Ref x) {
  const Ref n = w.exp(w.min(x, 20));
  const Ref share = w.mul(n, w.add(n, 2));
  return w.mul(x, w.div(share, w.add(share, 2)));
}

// relu(x) + alpha (e^(min(x, 0) / scale) - 1)
Ref exponential_unit(Wide& w, Ref x, float alpha, float scale) {
  return w.add(w.relu(x), w.mul(w.add(w.exp(w.mul(w.min(x, 0), 1 / scale)), -1), alpha));
}

Ref celu_rule(ChainBuilder& b, const Node& node, Refs in) {
  Wide w(b);
  const float alpha = node.float_attr("alpha", 1);
  return exponential_unit(w, w.of(in[0]), alpha, alpha);
}

Ref selu_rule(ChainBuilder& b, const Node& node, Refs in) {
  Wide w(b);
  return w.mul(exponential_unit(w, w.of(in[0]), node.float_attr("alpha", 1.67326319217681884765625f), 1), node.float_attr("gamma", 1.05070102214813232421875f));
}

constexpr float kLargestHalf = 65504;

Ref thresholded_relu_rule(ChainBuilder& b, const Node& node, Refs in) {
  Wide w(b);
  const Ref x = w.max(w.of(in[0]), -kLargestHalf);
  return w.mul(x, w.step(w.add(x, -node.float_attr("alpha", 1))));
}

// x - bias above lambd, x + bias below -lambd, 0 between.
Ref shrink_rule(ChainBuilder& b, const Node& node, Refs in) {
  Wide w(b);
  const float lambd = node.float_attr("lambd", 0.5f), bias = node.float_attr("bias", 0);
  const Ref x = w.clamp(w.of(in[0]), -kLargestHalf, kLargestHalf);
  const Ref above = w.mul(w.add(x, -bias), w.step(w.add(x, -lambd)));
  const Ref below = w.mul(w.add(x, bias), w.step(w.add(w.mul(x, -1), -lambd)));
  return w.add(above, below);
}

constexpr std::array kMath{
    ElementwiseOp{"Acos", math_rule<arc_cosine>, nullptr, 1},
    ElementwiseOp{"Acosh", math_rule<inverse_hyperbolic_cosine>, nullptr, 1},
    ElementwiseOp{"Asin", math_rule<arc_sine>, nullptr, 1},
    ElementwiseOp{"Asinh", math_rule<inverse_hyperbolic_sine>, nullptr, 1},
    ElementwiseOp{"Atan", math_rule<arc_tangent>, nullptr, 1},
    ElementwiseOp{"Atanh", math_rule<inverse_hyperbolic_tangent>, nullptr, 1},
    ElementwiseOp{"Ceil", ceil_rule, nullptr, 1},
    ElementwiseOp{"Celu", celu_rule, nullptr, 1},
    ElementwiseOp{"Cos", math_rule<cosine>, nullptr, 1},
    ElementwiseOp{"Cosh", math_rule<hyperbolic_cosine>, nullptr, 1},
    ElementwiseOp{"Floor", floor_rule, nullptr, 1},
    ElementwiseOp{"Mish", math_rule<mish>, nullptr, 1},
    ElementwiseOp{"Round", round_rule, nullptr, 1},
    ElementwiseOp{"Selu", selu_rule, nullptr, 1},
    ElementwiseOp{"Shrink", shrink_rule, nullptr, 1},
    ElementwiseOp{"Sign", sign_rule, nullptr, 1},
    ElementwiseOp{"Sin", math_rule<sine>, nullptr, 1},
    ElementwiseOp{"Sinh", math_rule<hyperbolic_sine>, nullptr, 1},
    ElementwiseOp{"Softsign", math_rule<softsign>, nullptr, 1},
    ElementwiseOp{"Tan", math_rule<tangent>, nullptr, 1},
    ElementwiseOp{"ThresholdedRelu", thresholded_relu_rule, nullptr, 1},
};

}  // namespace

std::span<const ElementwiseOp> math_operators() { return kMath; }

}  // namespace npu
