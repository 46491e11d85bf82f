// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_sequence(ctx, 0));
  if (ctx.has_input(1)) NPU_CHECK(require_index_type(ctx, 1));
  return std::vector{ctx.input(0)};
}

DatumsResult evaluate(const DatumContext& ctx) {
  std::vector<Tensor> items = ctx.input(0).items();
  if (items.empty()) return ctx.error("the sequence is empty");
  size_t at = items.size() - 1;
  if (ctx.has_input(1)) {
    NPU_TRY(at, sequence_position(ctx, 1, static_cast<int64_t>(items.size())));
  }
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
  return std::vector{Datum::sequence(ctx.input(0).dtype(), std::move(items))};
}

}  // namespace

extern constinit const OpDef SequenceErase{
    .name = "SequenceErase",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "The sequence without the element at a position, or without its last",
    .evaluate = evaluate,
};

}  // namespace npu::op
