// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"threshold", AttrKind::Float, "0.0"}};

TensorsResult reference(const EvalContext& ctx) {
  const double threshold = ctx.node().float_attr("threshold", 0.0f);
  return map_elements<TypeClass::Number>(ctx, [threshold]<class T>(T x) { return static_cast<T>(static_cast<double>(x) > threshold ? 1 : 0); });
}

}  // namespace

extern constinit const OpDef Binarizer{
    .name = "Binarizer",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Number>,
    .reference = reference,
    .doc = "1 where x is above the threshold, 0 elsewhere",
    .domain = "ai.onnx.ml",
};

}  // namespace npu::op
