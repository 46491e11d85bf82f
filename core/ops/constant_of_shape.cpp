// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"value", AttrKind::Tensor, ""}};

template <class Context>
Result<Tensor> value_of(const Context& ctx) {
  const auto* attr = ctx.node().find_attr("value");
  if (!attr) return Tensor(DType::Float32, {1});
  const Tensor* value = std::get_if<Tensor>(attr);
  if (!value || value->elements() != 1)
    return ctx.error(fmt::format("value has {} elements, needs 1", value ? value->elements() : 0));
  return *value;
}

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(const Tensor value, value_of(ctx));
  const auto shape = ints_input(ctx, 0);
  if (!shape) {
    const auto rank = vector_length(ctx, 0);
    return std::vector{rank && *rank <= kMaxRank ? unknown_of_rank(value.dtype(), *rank) : unranked(value.dtype())};
  }
  NPU_CHECK(checked_element_count(*shape, ctx.where()));
  return std::vector{TensorType::of(value.dtype(), *shape)};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Tensor value, value_of(ctx));
  Tensor output(value.dtype(), ctx.output_shape(0));
  visit_dtype(value.dtype(), [&]<class T>() { std::ranges::fill(output.mutable_data<T>(), value.data<T>()[0]); });
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef ConstantOfShape{
    .name = "ConstantOfShape",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "A tensor of the given shape, every element the one of value",
};

}  // namespace npu::op
