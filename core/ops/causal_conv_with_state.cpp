// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"activation", AttrKind::String, "none"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType &x = ctx.input(0), &weight = ctx.input(1);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2, 3})
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  const std::string activation = ctx.node().string_attr("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish") return ctx.error(fmt::format("activation '{}' is not known", activation));
  if (!x.has_rank || !weight.has_rank) return std::vector{x, unranked(x.dtype)};
  if (x.dims.size() != 3 || weight.dims.size() != 3)
    return ctx.error(fmt::format("input of shape {} and weight of {}, need rank 3", to_string(x.dims), to_string(weight.dims)));
  NPU_CHECK(unify(ctx, weight.dims[0], x.dims[1], "channels"));
  NPU_CHECK(unify(ctx, weight.dims[1], Dim(1), "channels of a group"));
  if (ctx.has_input(2)) NPU_CHECK(require_vector(ctx, 2, x.dims[1], "bias"));
  if (weight.dims[2] == Dim(0)) return ctx.error("the kernel is empty");
  const Dims state{x.dims[0], x.dims[1], weight.dims[2].known() ? Dim(weight.dims[2].value() - 1) : Dim()};
  if (ctx.has_input(3) && ctx.input(3).has_rank) {
    if (ctx.input(3).dims.size() != 3) return ctx.error(fmt::format("past_state is of shape {}, needs rank 3", to_string(ctx.input(3).dims)));
    for (size_t i = 0; i < 3; ++i) NPU_CHECK(unify(ctx, ctx.input(3).dims[i], state[i], "past_state"));
  }
  return std::vector{x, TensorType::of(x.dtype, state)};
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  const auto kernel = static_cast<size_t>(ctx.input(1).shape()[2]), length = static_cast<size_t>(shape[2]), channels = static_cast<size_t>(shape[1]);
  const bool silu = ctx.node().string_attr("activation", "none") != "none";
  return visit_class<TypeClass::Float>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    Tensor y(ctx.input(0).dtype(), shape), present(ctx.input(0).dtype(), {shape[0], shape[1], static_cast<int64_t>(kernel) - 1});
    const T *x = ctx.input(0).data<T>().data(), *weight = ctx.input(1).data<T>().data();
    T *out = y.mutable_data<T>().data(), *state = present.mutable_data<T>().data();
    std::vector<T> line(kernel - 1 + length);  // what came before, then the input
    for (size_t row = 0; row < static_cast<size_t>(shape[0]) * channels; ++row) {
      std::ranges::fill(line, T{0});
      if (ctx.has_input(3)) std::copy_n(ctx.input(3).data<T>().data() + row * (kernel - 1), kernel - 1, line.begin());
      std::copy_n(x + row * length, length, line.begin() + static_cast<std::ptrdiff_t>(kernel - 1));
      const size_t channel = row % channels;
      for (size_t i = 0; i < length; ++i) {
        double sum = ctx.has_input(2) ? static_cast<double>(ctx.input(2).data<T>()[channel]) : 0;
        for (size_t k = 0; k < kernel; ++k) sum += static_cast<double>(line[i + k]) * static_cast<double>(weight[channel * kernel + k]);
        out[row * length + i] = static_cast<T>(silu ? sum * fixed::sigmoid(sum) : sum);
      }
      std::copy_n(line.end() - static_cast<std::ptrdiff_t>(kernel - 1), kernel - 1, state + row * (kernel - 1));
    }
    return std::vector{std::move(y), std::move(present)};
  });
}

}  // namespace

extern constinit const OpDef CausalConvWithState{
    .name = "CausalConvWithState",
    .since = 27,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 2,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Convolution of each channel with its own kernel, looking back only; past_state holds the inputs before the first",
};

}  // namespace npu::op
