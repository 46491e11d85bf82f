// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"bias", AttrKind::Float, "0.0"}, {"lambd", AttrKind::Float, "0.5"}};

TensorsResult reference(const EvalContext& ctx) {
  const double bias = ctx.node().float_attr("bias", 0.0f), lambd = ctx.node().float_attr("lambd", 0.5f);
  return map_elements<TypeClass::Number>(ctx, [=]<class T>(T value) {
    const auto x = static_cast<double>(value);
    const double shrunk = x < -lambd ? x + bias : x > lambd ? x - bias : 0.0;
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(shrunk);
    else return static_cast<T>(static_cast<int64_t>(std::clamp(shrunk, -0x1.0p62, 0x1.0p62)));
  });
}

}  // namespace

extern constinit const OpDef Shrink{
    .name = "Shrink",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_unary<TypeClass::Number>,
    .reference = reference,
    .doc = "x + bias below -lambd, x - bias above lambd, 0 between",
};

}  // namespace npu::op
