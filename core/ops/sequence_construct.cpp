// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  for (size_t i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
    NPU_CHECK(require_tensor(ctx, i));
    const auto common = common_type(type, ctx.input(i));
    if (!common) return ctx.error(fmt::format("input {} is {}, input 0 is {}", i, to_string(ctx.input(i)), to_string(ctx.input(0))));
    type = *common;
  }
  return std::vector{sequence_of(type)};
}

DatumsResult evaluate(const DatumContext& ctx) {
  std::vector<Tensor> items;
  for (size_t i = 0; i < ctx.input_count(); ++i) items.push_back(ctx.input(i).tensor());
  return std::vector{Datum::sequence(ctx.input(0).dtype(), std::move(items))};
}

}  // namespace

extern constinit const OpDef SequenceConstruct{
    .name = "SequenceConstruct",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "A sequence of the inputs",
    .evaluate = evaluate,
};

}  // namespace npu::op
