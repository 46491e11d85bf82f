// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  if (type.kind == ValueKind::OptionalTensor) type.kind = ValueKind::Tensor;
  if (type.kind == ValueKind::OptionalSequence) type.kind = ValueKind::Sequence;
  return std::vector{std::move(type)};
}

DatumsResult evaluate(const DatumContext& ctx) {
  if (ctx.input(0).is_empty_optional()) return ctx.error("the optional is empty");
  return std::vector{ctx.input(0)};
}

}  // namespace

extern constinit const OpDef OptionalGetElement{
    .name = "OptionalGetElement",
    .since = 15,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "What an optional holds; an error when it is empty",
    .evaluate = evaluate,
};

}  // namespace npu::op
