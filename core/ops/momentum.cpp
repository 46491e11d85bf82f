// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/optimizer.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "required"}, {"beta", AttrKind::Float, "required"}, {"mode", AttrKind::String, "required"}, {"norm_coefficient", AttrKind::Float, "required"}};

TypesResult infer(const InferContext& ctx) {
  const std::string mode = ctx.node().string_attr("mode", "");
  if (mode != "standard" && mode != "nesterov") return ctx.error(fmt::format("mode '{}' is not known", mode));
  return infer_optimizer(ctx, 3);
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const OptimizerStep step, optimizer_step(ctx));
  const double alpha = ctx.node().float_attr("alpha", 0), norm = ctx.node().float_attr("norm_coefficient", 0);
  const double beta = step.count > 0 ? ctx.node().float_attr("beta", 1) : 1;
  const bool nesterov = ctx.node().string_attr("mode", "") == "nesterov";
  return optimize(ctx, 3, [=](double& x, double gradient, double& momentum, double&) {
    const double g = norm * x + gradient;
    momentum = alpha * momentum + beta * g;
    x -= step.rate * (nesterov ? g + alpha * momentum : momentum);
  });
}

}  // namespace

extern constinit const OpDef Momentum{
    .name = "Momentum",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "One step of gradient descent with (Nesterov) momentum",
    .domain = "ai.onnx.preview.training",
};

}  // namespace npu::op
