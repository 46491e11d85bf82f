// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/random.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"is_test", AttrKind::Int, "0"},    // before opset 7
    {"ratio", AttrKind::Float, "0.5"},  // an input from opset 12
    {"seed", AttrKind::Int, ""},
};

// Only in training, with a ratio above 0, does anything drop.
template <class Context>
bool drops(const Context& ctx) {
  const Tensor* training = value_of(ctx, 2);
  if (!training || training->elements() != 1 || training->to_ints()[0] == 0) return false;
  const Tensor* ratio = value_of(ctx, 1);
  return !ratio || ratio->elements() != 1 || ratio->to_doubles()[0] != 0;
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2})
    if (ctx.has_input(i) && ctx.input(i).is_static() && element_count(to_shape(ctx.input(i).dims)) != 1)
      return ctx.error(fmt::format("input {} is of shape {}, needs a scalar", i, to_string(ctx.input(i).dims)));
  if (const Tensor* ratio = ctx.constant(1); ratio && !(ratio->to_doubles()[0] >= 0 && ratio->to_doubles()[0] < 1))
    return ctx.error(fmt::format("ratio is {}, needs [0, 1)", ratio->to_doubles()[0]));
  TensorType mask = ctx.input(0);
  if (ctx.opset() >= 10) mask.dtype = DType::Bool;
  return std::vector{ctx.input(0), mask};
}

TensorsResult reference(const EvalContext& ctx) {
  Tensor x = ctx.input(0);
  Tensor mask(DType::Bool, x.shape());
  const auto kept = mask.mutable_data<bool>();
  std::ranges::fill(kept, true);
  if (drops(ctx)) {
    const double ratio = ctx.has_input(1) ? ctx.input(1).to_doubles()[0] : 0.5;
    auto numbers = RandomNumbers::of(ctx.node());
    for (size_t i = 0; i < kept.size(); ++i) kept[i] = numbers.uniform() >= ratio;
    visit_class<TypeClass::Float>(x.dtype(), [&]<class T>() -> TensorsResult {
      const auto values = x.mutable_data<T>();
      for (size_t i = 0; i < values.size(); ++i) values[i] = kept[i] ? static_cast<T>(static_cast<double>(values[i]) / (1 - ratio)) : T{0};
      return TensorsResult();
    });
  }
  std::vector outputs{std::move(x)};
  if (ctx.output_count() > 1) outputs.push_back(mask.cast(ctx.output_dtype(1)));
  return outputs;
}

}  // namespace

extern constinit const OpDef Dropout{
    .name = "Dropout",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input; in training with elements set to 0 with the probability ratio and the others scaled; the second output says which are kept",
};

}  // namespace npu::op
