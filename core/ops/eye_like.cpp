// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, ""}, {"k", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  if (type.has_rank && type.dims.size() != 2) return ctx.error(fmt::format("input 0 is of shape {}, needs a matrix", to_string(type.dims)));
  if (ctx.node().find_attr("dtype")) {
    NPU_TRY(type.dtype, dtype_attr(ctx, "dtype", 1));
  }
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  Tensor y(DType::UInt8, ctx.output_shape(0));
  const int64_t rows = y.shape()[0], columns = y.shape()[1];
  const int64_t k = std::clamp(ctx.node().int_attr("k", 0), -rows - columns, rows + columns);
  const auto to = y.mutable_data<uint8_t>();
  for (int64_t row = std::max<int64_t>(0, -k); row < rows && row + k < columns; ++row) to[static_cast<size_t>(row * columns + row + k)] = 1;
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef EyeLike{
    .name = "EyeLike",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Ones on the k-th diagonal of a matrix of the shape of the input, zeros elsewhere",
};

}  // namespace npu::op
