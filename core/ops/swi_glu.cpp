// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"alpha", AttrKind::Float, "1.0"}};

TensorsResult reference(const EvalContext& ctx) {
  const double alpha = ctx.node().float_attr("alpha", 1.0f);
  return visit_class<TypeClass::Float>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    return std::vector{map_pair<T, T>(ctx.input(0), ctx.input(1), ctx.output_dtype(0), [alpha](T a, T b) {
      const auto x = static_cast<double>(a);
      return static_cast<T>(x * fixed::sigmoid(alpha * x) * static_cast<double>(b));
    })};
  });
}

}  // namespace

extern constinit const OpDef SwiGLU{
    .name = "SwiGLU",
    .since = 28,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_broadcast<TypeClass::Float>,
    .reference = reference,
    .doc = "a * sigmoid(alpha * a) * b",
};

}  // namespace npu::op
