// SPDX-License-Identifier: Apache-2.0
// What the training operators share: R and T (rate and step count), then the same number of each kind of tensor.
#pragma once

#include "core/ops/detail/elementwise.h"

namespace npu::detail {

// How many tensors are optimised; `kinds` inputs belong to each.
template <class Context>
size_t optimized_count(const Context& ctx, size_t kinds) { return (ctx.input_count() - 2) / kinds; }

// The new tensors and states: of the type of each tensor, `kinds - 1` (without gradients) times.
inline TypesResult infer_optimizer(const InferContext& ctx, size_t kinds) {
  const size_t count = optimized_count(ctx, kinds);
  if (count == 0 || (ctx.input_count() - 2) % kinds != 0) return ctx.error(fmt::format("{} inputs after R and T, needs a multiple of {}", ctx.input_count() - 2, kinds));
  for (size_t i = 2; i < ctx.input_count(); ++i)
    if (!ctx.has_input(i)) return ctx.error(fmt::format("input {} is missing", i));
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("T is {}, needs int64", to_string(ctx.input(1).dtype)));
  std::vector<TensorType> types;
  for (size_t kind = 0; kind < kinds; ++kind)
    for (size_t i = 0; i < count; ++i) {
      const TensorType &tensor = ctx.input(2 + i), &other = ctx.input(2 + kind * count + i);
      NPU_CHECK(require_float(ctx, 2 + i));
      if (other.dtype != tensor.dtype || (other.is_static() && tensor.is_static() && !(other.dims == tensor.dims)))
        return ctx.error(fmt::format("input {} is {}, the tensor is {}", 2 + kind * count + i, to_string(other), to_string(tensor)));
      if (kind > 0) types.push_back(tensor);
    }
  return types;
}

struct OptimizerStep {
  double rate;
  int64_t count;
};

inline Result<OptimizerStep> optimizer_step(const EvalContext& ctx) {
  if (ctx.input(0).elements() != 1 || ctx.input(1).elements() != 1) return ctx.error("R and T are scalars");
  return OptimizerStep{ctx.input(0).to_doubles()[0], ctx.input(1).to_ints()[0]};
}

// update(x, gradient, first state, second state) changes x and the states; all in double. Kinds: x, gradient, states.
template <class Update>
TensorsResult optimize(const EvalContext& ctx, size_t kinds, Update update) {
  const size_t count = optimized_count(ctx, kinds);
  std::vector<Tensor> outputs(count * (kinds - 1));
  for (size_t i = 0; i < count; ++i) {
    std::vector<std::vector<double>> values;
    for (size_t kind = 0; kind < kinds; ++kind) values.push_back(ctx.input(2 + kind * count + i).to_doubles());
    std::vector<double> none(values[0].size(), 0.0);
    std::vector<double>& second = kinds > 3 ? values[3] : none;
    for (size_t k = 0; k < values[0].size(); ++k) update(values[0][k], values[1][k], values[2][k], second[k]);
    for (size_t kind = 0; kind < kinds; ++kind) {
      if (kind == 1) continue;
      const size_t output = (kind == 0 ? 0 : kind - 1) * count + i;
      outputs[output] = Tensor::from<double>(DType::Float64, ctx.input(2 + i).shape(), values[kind]).cast(ctx.input(2 + i).dtype());
    }
  }
  return outputs;
}

}  // namespace npu::detail
