// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"ratio", AttrKind::Float, "0.5"},  // an input from opset 12
    {"seed", AttrKind::Int, ""},
};

// Only with a ratio above 0 and training_mode set does anything drop.
template <class Context>
bool drops(const Context& ctx) {
  const Tensor* training = value_of(ctx, 2);
  if (!training || training->elements() != 1 || training->to_ints()[0] == 0) return false;
  const Tensor* ratio = value_of(ctx, 1);
  return !ratio || ratio->elements() != 1 || ratio->to_doubles()[0] != 0;
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (drops(ctx)) return fail(ErrorKind::UnsupportedModel, ctx.where(), "training_mode is not supported");
  TensorType mask = ctx.input(0);
  if (ctx.opset() >= 10) mask.dtype = DType::Bool;
  return std::vector{ctx.input(0), mask};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  std::vector outputs{x};
  if (ctx.output_count() > 1) {
    Tensor mask(DType::Bool, x.shape());
    std::ranges::fill(mask.mutable_data<bool>(), true);
    outputs.push_back(mask.cast(ctx.output_dtype(1)));
  }
  return outputs;
}

}  // namespace

extern constinit const OpDef Dropout{
    .name = "Dropout",
    .since = 7,
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input, as in inference nothing is dropped; the second output is a mask of ones",
};

}  // namespace npu::op
