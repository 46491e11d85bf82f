// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/random.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, ""}, kSeedAttr};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  TensorType type = ctx.input(0);
  if (ctx.node().find_attr("dtype")) {
    NPU_TRY(type.dtype, dtype_attr(ctx, "dtype", 1));
  }
  if (is_string(type.dtype)) return ctx.error("dtype is string");
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto probabilities = ctx.input(0).to_doubles();
  return random_tensor(ctx, [&](RandomNumbers& numbers, size_t i) { return numbers.uniform() < probabilities[i] ? 1.0 : 0.0; });
}

}  // namespace

extern constinit const OpDef Bernoulli{
    .name = "Bernoulli",
    .since = 15,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "1 with the probability the element is, else 0",
    .is_random = true,
};

}  // namespace npu::op
