// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"perm", AttrKind::Ints, ""}};

template <class Context>
Result<std::vector<size_t>> permutation_of(const Context& ctx, size_t rank) {
  std::vector<size_t> permutation;
  if (!ctx.node().find_attr("perm")) {
    for (size_t i = rank; i-- > 0;) permutation.push_back(i);
    return permutation;
  }
  const auto given = ctx.node().ints_attr("perm");
  std::vector<bool> used(rank, false);
  bool valid = given.size() == rank;
  for (size_t i = 0; valid && i < rank; ++i) {
    valid = given[i] >= 0 && given[i] < static_cast<int64_t>(rank) && !used[static_cast<size_t>(given[i])];
    if (valid) used[static_cast<size_t>(given[i])] = true;
    permutation.push_back(static_cast<size_t>(given[i]));
  }
  if (!valid) return ctx.error(fmt::format("perm [{}] is no permutation of {} axes", fmt::join(given, ", "), rank));
  return permutation;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (!input.has_rank) return std::vector{unranked(input.dtype)};
  NPU_TRY(const auto permutation, permutation_of(ctx, input.dims.size()));
  Dims dims;
  for (size_t axis : permutation) dims.push_back(input.dims[axis]);
  return std::vector{TensorType::of(input.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto permutation, permutation_of(ctx, ctx.input(0).shape().size()));
  return std::vector{transposed(ctx.input(0), permutation)};
}

}  // namespace

extern constinit const OpDef Transpose{
    .name = "Transpose",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Axis i of the output is axis perm[i] of the input; without perm the axes are reversed",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
