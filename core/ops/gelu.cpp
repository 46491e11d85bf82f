// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"approximate", AttrKind::String, "none"}};
constexpr double kRootHalf = 0.70710678118654752440;
constexpr double kRootTwoOverPi = 0.79788456080286535588;

TypesResult infer(const InferContext& ctx) {
  const std::string approximate = ctx.node().string_attr("approximate", "none");
  if (approximate != "none" && approximate != "tanh") return ctx.error(fmt::format("approximate '{}' is neither none nor tanh", approximate));
  return infer_unary<TypeClass::Float>(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  if (ctx.node().string_attr("approximate", "none") == "tanh")
    return map_floats(ctx, [](double x) { return 0.5 * x * (1 + fixed::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x))); });
  return map_floats(ctx, [](double x) { return 0.5 * x * (1 + fixed::erf(x * kRootHalf)); });
}

}  // namespace

extern constinit const OpDef Gelu{
    .name = "Gelu",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "x/2 * (1 + erf(x/sqrt(2))); approximate tanh: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))",
};

}  // namespace npu::op
