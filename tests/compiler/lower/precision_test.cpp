// SPDX-License-Identifier: Apache-2.0
// Functions that compiled models make of several vector instructions: every fp16 argument through compiler and chip, against
// series in long double. The errors found are those the manual gives (core/ops/precision.def).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "compiler/compile.h"
#include "core/base/half.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/core/chip/series.h"
#include "tests/golden.h"

namespace npu {
namespace {

using namespace test;

Wide logistic(Wide x) { return 1 / (1 + exp_series(-x)); }
// Without cancellation below 0: the continued fraction of the complementary error function.
Wide erfc_far(Wide x) {
  Wide fraction = x;
  for (int i = 400; i > 0; --i) fraction = x + i / (2 * fraction);
  return exp_series(-x * x) / fraction * kTwoOverSqrtPi / 2;
}
Wide normal_share(Wide x) {  // (1 + erf(x / sqrt 2)) / 2
  const Wide z = x / std::sqrt(Wide{2});
  return z < -2 ? erfc_far(-z) / 2 : (1 + erf_series(z)) / 2;
}

struct Operator {
  const char* name;  // of the table
  const char* text;
  Wide (*exact)(Wide);
  double from = -65504, to = 65504;
};
const Operator kOperators[] = {
    {"Exp", "Exp(@1x65536)", exp_series},
    {"Log", "Log(@1x65536)", ln_series, 0x1p-24},
    {"Reciprocal", "Reciprocal(@1x65536)", [](Wide x) { return 1 / x; }},
    {"Sqrt", "Sqrt(@1x65536)", [](Wide x) { return std::sqrt(x); }, 0},
    {"Tanh", "Tanh(@1x65536)", tanh_series},
    {"Erf", "Erf(@1x65536)", erf_series},
    {"Sigmoid", "Sigmoid(@1x65536)", logistic},
    {"Swish", "Swish(@1x65536) opset=24", [](Wide x) { return x * logistic(x); }},
    {"Gelu", "Gelu(@1x65536) opset=20", [](Wide x) { return x * normal_share(x); }},
    {"Gelu_tanh", "Gelu(@1x65536) opset=20 approximate=s:tanh", [](Wide x) { return x * logistic(2 * 0.797884560802865355879892119868763737L * (x + 0.044715L * x * x * x)); }},
    {"Elu", "Elu(@1x65536)", [](Wide x) { return x > 0 ? x : std::fabs(x) < 0.5L ? std::expm1(x) : exp_series(x) - 1; }},
    {"Softplus", "Softplus(@1x65536)", [](Wide x) { return std::max(x, Wide{0}) + std::log1p(exp_series(-std::fabs(x))); }},
    {"HardSwish", "HardSwish(@1x65536)", [](Wide x) { return x * std::clamp(x / 6 + 0.5L, Wide{0}, Wide{1}); }},
    {"Mish", "Mish(@1x65536) opset=18", [](Wide x) { return x * tanh_series(std::max(x, Wide{0}) + std::log1p(exp_series(-std::fabs(x)))); }},
    {"Celu", "Celu(@1x65536) alpha=f:2", [](Wide x) { return x > 0 ? x : 2 * std::expm1(x / 2); }},
    {"Selu", "Selu(@1x65536)", [](Wide x) { return 1.05070102214813232421875L * (x > 0 ? x : 1.67326319217681884765625L * std::expm1(x)); }},
    {"Softsign", "Softsign(@1x65536)", [](Wide x) { return x / (1 + std::fabs(x)); }},
    {"Shrink", "Shrink(@1x65536) lambd=f:1.5 bias=f:0.5", [](Wide x) { return x > 1.5L ? x - 0.5L : x < -1.5L ? x + 0.5L : 0; }},
    {"ThresholdedRelu", "ThresholdedRelu(@1x65536) alpha=f:0.75", [](Wide x) { return x > 0.75L ? x : 0; }},
    {"Sign", "Sign(@1x65536)", [](Wide x) { return static_cast<Wide>((x > 0) - (x < 0)); }},
    {"Round", "Round(@1x65536)", [](Wide x) { return std::nearbyint(x); }},
    {"Floor", "Floor(@1x65536)", [](Wide x) { return std::floor(x); }},
    {"Ceil", "Ceil(@1x65536)", [](Wide x) { return std::ceil(x); }},
    {"Sin", "Sin(@1x65536)", [](Wide x) { return std::sin(x); }},
    {"Cos", "Cos(@1x65536)", [](Wide x) { return std::cos(x); }},
    {"Tan", "Tan(@1x65536)", [](Wide x) { return std::tan(x); }},
    {"Asin", "Asin(@1x65536)", [](Wide x) { return std::asin(x); }, -1, 1},
    {"Acos", "Acos(@1x65536)", [](Wide x) { return std::acos(x); }, -1, 1},
    {"Atan", "Atan(@1x65536)", [](Wide x) { return std::atan(x); }},
    {"Sinh", "Sinh(@1x65536)", [](Wide x) { return std::sinh(x); }},
    {"Cosh", "Cosh(@1x65536)", [](Wide x) { return std::cosh(x); }},
    {"Asinh", "Asinh(@1x65536)", [](Wide x) { return std::asinh(x); }},
    {"Acosh", "Acosh(@1x65536)", [](Wide x) { return std::acosh(x); }, 1},
    {"Atanh", "Atanh(@1x65536)", [](Wide x) { return std::atanh(x); }, -1, 1},
};

struct Errors {
  double ulp = 0, absolute = 0;
};

Errors measure(const Operator& op, const char* soc) {
  OperatorCase parsed = parse_operator_case(op.text);
  const auto in = parsed.inputs[0].mutable_data<float>();
  REQUIRE(in.size() == 65536);
  for (size_t i = 0; i < in.size(); ++i) {
    const float x = half_bits_to_float(static_cast<uint16_t>(i));
    in[i] = std::isfinite(x) && x >= op.from && x <= op.to ? x : 1.0f;
  }
  CompileOptions options;
  options.soc = soc;
  auto model = compile(parsed.graph, options);
  if (!model) FAIL(model.error().message());
  for (const Task& task : model->tasks) CHECK(task.engine == Engine::AiCore);
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 1);
  REQUIRE(session.has_value());
  const auto outputs = (*session)->run(parsed.inputs);
  if (!outputs) FAIL(outputs.error().message());
  const auto out = (*outputs)[0].to_doubles();
  Errors worst;
  for (size_t i = 0; i < out.size(); ++i) {
    const Wide exact = op.exact(in[i]);
    if (!(std::fabs(exact) < 65504)) continue;  // overflows by the chip's rule
    CAPTURE(in[i]);
    REQUIRE(std::isfinite(out[i]));
    worst.ulp = std::max(worst.ulp, ulps(out[i], exact, 10, -14));
    // As far as rounding to f16 cannot be the reason.
    worst.absolute = std::max(worst.absolute, static_cast<double>(std::max(std::fabs(out[i] - exact) - 0.5L * std::ldexp(Wide{1}, std::max(exact == 0 ? -14 : static_cast<int>(std::ilogb(exact)), -14) - 10), Wide{0})));
  }
  return worst;
}

}  // namespace

TEST_CASE("compiled functions of every fp16 argument: the documented errors, on coupled and split cores") {
  for (const char* soc : {"Ascend310", "Ascend910B3"}) {
    CAPTURE(soc);
    std::string file = "// SPDX-License-Identifier: Apache-2.0\n// Written by NPU_REBASE=1 ctest -R compiler.lower: what compiled operators give for every f16 argument: the largest error in ulp of f16, and "
                       "the largest one beyond the rounding to f16.\n";
    for (const Operator& op : kOperators) {
      CAPTURE(op.name);
      const Errors errors = measure(op, soc);
      file += fmt::format("NPU_PRECISION({}, {:.3f}, {:.1e})\n", op.name, thousandths(errors.ulp), errors.absolute);
    }
    check_generated(source_dir() / "core/ops/precision.def", file);
  }
}

}  // namespace npu
