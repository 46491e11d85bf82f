// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/global_pool.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return global_pool(ctx, [](auto values) {
    double sum = 0;
    for (const auto value : values) sum += static_cast<double>(value);
    return sum / static_cast<double>(values.size());
  });
}

}  // namespace

extern constinit const OpDef GlobalAveragePool{
    .name = "GlobalAveragePool",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_global_pool,
    .reference = reference,
    .doc = "Mean over all spatial dimensions of X[N,C,spatial...]",
};

}  // namespace npu::op
