// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext&) { return std::vector{TensorType::of(DType::Int64, Dims{})}; }

Tensor scalar(int64_t value) { return Tensor::from<int64_t>(DType::Int64, {}, std::span<const int64_t>(&value, 1)); }

TensorsResult reference(const EvalContext& ctx) { return std::vector{scalar(ctx.input(0).elements())}; }

TensorsResult from_types(const InferContext& ctx) {
  if (!ctx.input(0).is_static()) return ctx.error("the shape of the input is not known");
  NPU_TRY(const int64_t count, checked_element_count(to_shape(ctx.input(0).dims), ctx.where()));
  return std::vector{scalar(count)};
}

}  // namespace

extern constinit const OpDef Size{
    .name = "Size",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The number of elements of the input",
    .from_types = from_types,
};

}  // namespace npu::op
