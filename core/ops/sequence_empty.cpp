// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(const DType dtype, dtype_attr(ctx, "dtype", 1));
  return std::vector{sequence_of(unranked(dtype))};
}

DatumsResult evaluate(const DatumContext& ctx) { return std::vector{Datum::sequence(ctx.output_type(0).dtype, {})}; }

}  // namespace

extern constinit const OpDef SequenceEmpty{
    .name = "SequenceEmpty",
    .since = 11,
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "A sequence without elements",
    .evaluate = evaluate,
};

}  // namespace npu::op
