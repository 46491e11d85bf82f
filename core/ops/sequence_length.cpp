// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_sequence(ctx, 0));
  return std::vector{TensorType::of(DType::Int64, npu::Shape{})};
}

DatumsResult evaluate(const DatumContext& ctx) { return std::vector<Datum>{int64_scalar(static_cast<int64_t>(ctx.input(0).items().size()))}; }

}  // namespace

extern constinit const OpDef SequenceLength{
    .name = "SequenceLength",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "How many elements the sequence has",
    .evaluate = evaluate,
};

}  // namespace npu::op
