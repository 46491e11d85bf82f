// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"type", AttrKind::Type, ""}};

// A sequence without what it holds being optional, and so on.
TensorType optional_of(TensorType type) {
  if (type.kind == ValueKind::Tensor) type.kind = ValueKind::OptionalTensor;
  if (type.kind == ValueKind::Sequence) type.kind = ValueKind::OptionalSequence;
  return type;
}

TypesResult infer(const InferContext& ctx) {
  if (ctx.has_input(0)) return std::vector{optional_of(ctx.input(0))};
  const Attr* type = ctx.node().find_attr("type");
  if (!type) return ctx.error("neither an input nor a type is given");
  return std::vector{optional_of(std::get<TensorType>(*type))};
}

DatumsResult evaluate(const DatumContext& ctx) {
  if (ctx.has_input(0)) return std::vector{ctx.input(0)};
  const TensorType& type = ctx.output_type(0);
  return std::vector{Datum::empty_optional(type.dtype, type.kind == ValueKind::OptionalSequence)};
}

}  // namespace

extern constinit const OpDef Optional{
    .name = "Optional",
    .since = 15,
    .min_inputs = 0,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "An optional that holds the input, or nothing of the given type",
    .evaluate = evaluate,
};

}  // namespace npu::op
