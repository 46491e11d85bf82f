// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/global_pool.h"
#include "core/ops/detail/norm.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"p", AttrKind::Int, "2"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_power(ctx));
  return infer_global_pool(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const int64_t p = ctx.node().int_attr("p", 2);
  return global_pool(ctx, [p](auto values) {
    double sum = 0;
    for (const auto value : values) sum += power_of(static_cast<double>(value), p);
    return root_of(sum, p);
  });
}

}  // namespace

extern constinit const OpDef GlobalLpPool{
    .name = "GlobalLpPool",
    .since = 2,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "p-norm of each channel of X[N,C,spatial...]",
};

}  // namespace npu::op
