// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  return std::vector{TensorType::of(DType::Int64, Dims{x.has_rank ? Dim(static_cast<int64_t>(x.dims.size())) : Dim(), Dim()})};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  std::vector<size_t> found;
  const auto collected = visit_class<TypeClass::Any>(x.dtype(), [&]<class T>() -> TensorsResult {
    const auto values = x.data<T>();
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i] != T{}) found.push_back(i);
    return TensorsResult();
  });
  if (!collected) return collected;
  const npu::Shape strides = row_major_strides(x.shape());
  Tensor y(DType::Int64, {static_cast<int64_t>(strides.size()), static_cast<int64_t>(found.size())});
  const auto to = y.mutable_data<int64_t>();
  for (size_t axis = 0; axis < strides.size(); ++axis)
    for (size_t i = 0; i < found.size(); ++i)
      to[axis * found.size() + i] = static_cast<int64_t>(found[i]) / strides[axis] % x.shape()[axis];
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef NonZero{
    .name = "NonZero",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = reference,
    .doc = "The indices of the elements that are not zero, one column each, in row-major order",
    .arrive = Arrive::Ordered,
    .from_values = true,
};

}  // namespace npu::op
