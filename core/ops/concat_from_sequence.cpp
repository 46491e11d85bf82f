// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/sequence.h"
#include "core/ops/detail/slices.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "required"}, {"new_axis", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_sequence(ctx, 0));
  TensorType type = element_of(ctx.input(0));
  if (!type.has_rank) return std::vector{type};
  const bool is_new = ctx.node().int_attr("new_axis", 0) != 0;
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), type.dims.size() + (is_new ? 1 : 0)));
  if (is_new)
    type.dims.insert(type.dims.begin() + static_cast<std::ptrdiff_t>(axis), Dim());
  else
    type.dims[axis] = Dim();
  return std::vector{std::move(type)};
}

DatumsResult evaluate(const DatumContext& ctx) {
  const auto& items = ctx.input(0).items();
  if (items.empty()) return ctx.error("the sequence is empty");
  const int64_t axis = ctx.node().int_attr("axis", 0);
  NPU_TRY(Tensor result, ctx.node().int_attr("new_axis", 0) != 0 ? stacked(ctx, items, axis) : concatenated(ctx, items, axis));
  return std::vector<Datum>{std::move(result)};
}

}  // namespace

extern constinit const OpDef ConcatFromSequence{
    .name = "ConcatFromSequence",
    .since = 11,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "The elements of a sequence one after another along axis, which may be a new one",
    .evaluate = evaluate,
};

}  // namespace npu::op
