// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_sequence(ctx, 0));
  NPU_CHECK(require_index_type(ctx, 1));
  return std::vector{element_of(ctx.input(0))};
}

DatumsResult evaluate(const DatumContext& ctx) {
  const auto& items = ctx.input(0).items();
  NPU_TRY(const size_t at, sequence_position(ctx, 1, static_cast<int64_t>(items.size())));
  return std::vector<Datum>{items[at]};
}

}  // namespace

extern constinit const OpDef SequenceAt{
    .name = "SequenceAt",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "The element at a position, which may be counted from the end",
    .evaluate = evaluate,
};

}  // namespace npu::op
