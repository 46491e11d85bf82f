// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext&) { return std::vector{TensorType::of(DType::Bool, npu::Shape{})}; }

DatumsResult evaluate(const DatumContext& ctx) {
  Tensor result(DType::Bool, {});
  result.mutable_data<bool>()[0] = ctx.has_input(0) && !ctx.input(0).is_empty_optional();
  return std::vector<Datum>{std::move(result)};
}

}  // namespace

extern constinit const OpDef OptionalHasElement{
    .name = "OptionalHasElement",
    .since = 15,
    .min_inputs = 0,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "Whether an optional holds something; true for what is no optional",
    .evaluate = evaluate,
};

}  // namespace npu::op
