// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_sequence(ctx, 0));
  NPU_CHECK(require_tensor(ctx, 1));
  if (ctx.has_input(2)) NPU_CHECK(require_index_type(ctx, 2));
  const auto type = common_type(element_of(ctx.input(0)), ctx.input(1));
  if (!type) return ctx.error(fmt::format("{} into {}", to_string(ctx.input(1)), to_string(ctx.input(0))));
  return std::vector{sequence_of(*type)};
}

DatumsResult evaluate(const DatumContext& ctx) {
  std::vector<Tensor> items = ctx.input(0).items();
  size_t at = items.size();
  if (ctx.has_input(2)) {  // the end is a place too, and what negative positions count from
    const auto count = static_cast<int64_t>(items.size());
    const auto given = ctx.input(2).tensor().to_ints();
    if (given.size() != 1 || given[0] < -count || given[0] > count)
      return ctx.error(fmt::format("position {} ({} values) in a sequence of {}", given.empty() ? 0 : given[0], given.size(), count));
    at = static_cast<size_t>(given[0] < 0 ? given[0] + count : given[0]);
  }
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), ctx.input(1).tensor());
  return std::vector{Datum::sequence(ctx.input(1).dtype(), std::move(items))};
}

}  // namespace

extern constinit const OpDef SequenceInsert{
    .name = "SequenceInsert",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "The sequence with a tensor put before a position, or at its end",
    .evaluate = evaluate,
};

}  // namespace npu::op
