// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/global_pool.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return global_pool(ctx, [](auto values) {
    auto maximum = values[0];
    for (const auto value : values)
      if (value > maximum || value != value) maximum = value;
    return static_cast<double>(maximum);
  });
}

}  // namespace

extern constinit const OpDef GlobalMaxPool{
    .name = "GlobalMaxPool",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_global_pool,
    .reference = reference,
    .doc = "Largest value over all spatial dimensions of X[N,C,spatial...]",
};

}  // namespace npu::op
