// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"allowzero", AttrKind::Int, "0"}};

std::string elements_text(const Dims& dims) {
  const Dim count = product(dims);
  return to_string(dims) + (count.known() ? fmt::format(" ({} elements)", count.value()) : "");
}

std::unexpected<Error> mismatch(const InferContext& ctx, const std::vector<int64_t>& target) {
  return ctx.error(fmt::format("cannot reshape {} to {}", elements_text(ctx.input(0).dims), to_string(Shape(target))));
}

// The dimension that -1 stands for: what is left of the input when everything in `others` is divided out.
Result<Dim> remaining(const InferContext& ctx, const std::vector<int64_t>& target, const Dims& others) {
  Dims left = ctx.input(0).dims;
  Dims divisors;
  for (const Dim& dim : others) {  // the same symbol on both sides cancels
    const auto same = dim.known() ? left.end() : std::ranges::find(left, dim);
    if (same == left.end())
      divisors.push_back(dim);
    else
      left.erase(same);
  }
  const Dim divisor = product(divisors);
  if (!divisor.known()) return Dim();
  // One symbol may remain whole.
  const auto symbol = std::ranges::find_if(left, [](const Dim& dim) { return !dim.known(); });
  const Dim rest = symbol == left.end() ? Dim(1) : *symbol;
  if (symbol != left.end()) left.erase(symbol);
  const Dim known = product(left);
  if (!known.known()) return Dim();
  if (rest.known() && (divisor.value() == 0 || known.value() % divisor.value() != 0)) return mismatch(ctx, target);
  if (rest.known()) return Dim(known.value() / divisor.value());
  return known == divisor ? rest : Dim();
}

Result<Dims> target_dims(const InferContext& ctx, const std::vector<int64_t>& target) {
  const TensorType& input = ctx.input(0);
  const bool zero_copies = ctx.node().int_attr("allowzero", 0) == 0;
  Dims dims, others;
  size_t inferred = target.size();
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] < -1) return ctx.error(fmt::format("shape {} has {} at axis {}", to_string(Shape(target)), target[i], i));
    if (target[i] == -1) {
      if (inferred != target.size()) return ctx.error(fmt::format("shape {} has more than one -1", to_string(Shape(target))));
      inferred = i;
      dims.emplace_back();
      continue;
    }
    Dim dim(target[i]);
    if (target[i] == 0 && zero_copies) {
      if (input.has_rank && i >= input.dims.size())
        return ctx.error(fmt::format("shape {} copies axis {} of an input of rank {}", to_string(Shape(target)), i, input.dims.size()));
      dim = input.has_rank ? input.dims[i] : Dim();
    }
    dims.push_back(dim);
    others.push_back(dim);
  }
  if (!input.has_rank) return dims;
  if (inferred != target.size()) {
    NPU_TRY(dims[inferred], remaining(ctx, target, others));
  } else if (const Dim from = product(input.dims), to = product(dims); from.known() && to.known() && !(from == to)) {
    return mismatch(ctx, target);
  }
  return dims;
}

TypesResult infer(const InferContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  if (ctx.input(1).dtype != DType::Int64)
    return ctx.error(fmt::format("shape is {}, needs int64", to_string(ctx.input(1).dtype)));
  const auto target = ints_input(ctx, 1);
  if (!target) {
    const auto rank = vector_length(ctx, 1);
    return std::vector{rank && *rank <= kMaxRank ? unknown_of_rank(dtype, *rank) : unranked(dtype)};
  }
  NPU_TRY(auto dims, target_dims(ctx, *target));
  return std::vector{TensorType::of(dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0).reshaped(ctx.output_shape(0))}; }

}  // namespace

extern constinit const OpDef Reshape{
    .name = "Reshape",
    .since = 5,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The same elements in another shape: 0 copies a dimension (without allowzero), -1 takes what is left",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
