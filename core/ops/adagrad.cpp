// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/optimizer.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"decay_factor", AttrKind::Float, "0.0"}, {"epsilon", AttrKind::Float, "1e-06"}, {"norm_coefficient", AttrKind::Float, "0.0"}};

TypesResult infer(const InferContext& ctx) { return infer_optimizer(ctx, 3); }

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const OptimizerStep step, optimizer_step(ctx));
  const double norm = ctx.node().float_attr("norm_coefficient", 0.0f), epsilon = ctx.node().float_attr("epsilon", 1e-6f);
  const double rate = step.rate / (1 + static_cast<double>(step.count) * ctx.node().float_attr("decay_factor", 0.0f));
  return optimize(ctx, 3, [=](double& x, double gradient, double& squares, double&) {
    const double g = norm * x + gradient;
    squares += g * g;
    x -= rate * g / (std::sqrt(squares) + epsilon);
  });
}

}  // namespace

extern constinit const OpDef Adagrad{
    .name = "Adagrad",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "One step of Adagrad: rates fall with the sum of squared gradients",
    .domain = "ai.onnx.preview.training",
};

}  // namespace npu::op
