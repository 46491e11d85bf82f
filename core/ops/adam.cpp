// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/optimizer.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "0.9"}, {"beta", AttrKind::Float, "0.999"}, {"epsilon", AttrKind::Float, "1e-06"},
                              {"norm_coefficient", AttrKind::Float, "0.0"}, {"norm_coefficient_post", AttrKind::Float, "0.0"}};

TypesResult infer(const InferContext& ctx) { return infer_optimizer(ctx, 4); }

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const OptimizerStep step, optimizer_step(ctx));
  const double alpha = ctx.node().float_attr("alpha", 0.9f), beta = ctx.node().float_attr("beta", 0.999f), epsilon = ctx.node().float_attr("epsilon", 1e-6f);
  const double norm = ctx.node().float_attr("norm_coefficient", 0.0f), post = ctx.node().float_attr("norm_coefficient_post", 0.0f);
  double rate = step.rate;
  if (step.count > 0) {
    const auto t = static_cast<double>(step.count);
    rate *= std::sqrt(1 - fixed::pow(beta, t)) / (1 - fixed::pow(alpha, t));
  }
  return optimize(ctx, 4, [=](double& x, double gradient, double& mean, double& squares) {
    const double g = norm * x + gradient;
    mean = alpha * mean + (1 - alpha) * g;
    squares = beta * squares + (1 - beta) * g * g;
    x = (1 - post) * (x - rate * mean / (std::sqrt(squares) + epsilon));
  });
}

}  // namespace

extern constinit const OpDef Adam{
    .name = "Adam",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "One step of Adam: running means of the gradients and of their squares",
    .domain = "ai.onnx.preview.training",
};

}  // namespace npu::op
