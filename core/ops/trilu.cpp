// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"upper", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  if (ctx.has_input(1) && ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("k is {}, needs int64", to_string(ctx.input(1).dtype)));
  if (ctx.input(0).has_rank) NPU_CHECK(rank_of(ctx, 0, 2));
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  Tensor y = ctx.input(0);
  const bool upper = ctx.node().int_attr("upper", 1) != 0;
  const int64_t rows = *(y.shape().rbegin() + 1), columns = y.shape().back();
  int64_t k = 0;
  if (ctx.has_input(1)) {
    if (ctx.input(1).elements() != 1) return ctx.error(fmt::format("k is of shape {}, needs a scalar", to_string(ctx.input(1).shape())));
    k = std::clamp(ctx.input(1).to_ints()[0], -rows - columns, rows + columns);
  }
  visit_size(y.dtype(), [&]<class Element>() {
    const auto values = y.mutable_data<Element>();
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t column = static_cast<int64_t>(i) % columns, row = static_cast<int64_t>(i) / columns % rows;
      if (upper ? column - row < k : column - row > k) values[i] = 0;
    }
  });
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef Trilu{
    .name = "Trilu",
    .since = 14,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The matrices of the input with what is below (upper) or above (lower) the k-th diagonal set to zero",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
