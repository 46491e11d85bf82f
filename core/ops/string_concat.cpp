// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/position.h"
#include "core/ops/detail/strings.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  for (size_t i : {0, 1}) NPU_CHECK(require_strings(ctx, i));
  NPU_TRY(auto type, broadcast_inputs(ctx, DType::String, {0, 1}));
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor &a = ctx.input(0), &b = ctx.input(1);
  const npu::Shape shape = ctx.output_shape(0), a_strides = broadcast_strides(a.shape(), shape), b_strides = broadcast_strides(b.shape(), shape);
  std::vector<std::string> texts(static_cast<size_t>(element_count(shape)));
  Position at(shape);
  for (std::string& text : texts) {
    text = a.strings()[static_cast<size_t>(at.offset(a_strides))] + b.strings()[static_cast<size_t>(at.offset(b_strides))];
    at.next();
  }
  return std::vector{Tensor::of_strings(shape, std::move(texts))};
}

}  // namespace

extern constinit const OpDef StringConcat{
    .name = "StringConcat",
    .since = 20,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The strings of X, each followed by that of Y, with broadcasting",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
