// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType &x = ctx.input(0), &y = ctx.input(1);
  if (y.dtype != DType::Int64) return ctx.error(fmt::format("Y is {}, needs int64", to_string(y.dtype)));
  if (!x.has_rank) return std::vector{unranked(x.dtype)};
  NPU_CHECK(rank_of(ctx, 0, 1));
  Dims dims = x.dims;
  dims.back() = y.is_static() ? Dim(element_count(to_shape(y.dims))) : Dim();
  if (dims.size() == 1) dims.insert(dims.begin(), Dim(1));
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const auto wanted = ctx.input(1).to_ints();
  const auto columns = static_cast<size_t>(x.shape().back());
  for (size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] < 0 || wanted[i] >= x.shape().back()) return ctx.error(fmt::format("index {} (element {} of Y) is outside of an axis of {}", wanted[i], i, columns));
  Tensor y(x.dtype(), ctx.output_shape(0));
  visit_size(x.dtype(), [&]<class Element>() {
    const auto from = x.data<Element>();
    const auto to = y.mutable_data<Element>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = from[i / wanted.size() * columns + static_cast<size_t>(wanted[i % wanted.size()])];
  });
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef ArrayFeatureExtractor{
    .name = "ArrayFeatureExtractor",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The elements of the last axis that Y names",
    .arrive = Arrive::AsBits,
    .domain = "ai.onnx.ml",
};

}  // namespace npu::op
