// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, ""}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (ctx.input(1).dtype != DType::Bool) return ctx.error(fmt::format("condition is {}, needs bool", to_string(ctx.input(1).dtype)));
  if (!ctx.node().find_attr("axis")) return std::vector{unknown_of_rank(x.dtype, 1)};
  if (!x.has_rank) return std::vector{unranked(x.dtype)};
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", 0), x.dims.size()));
  Dims dims = x.dims;
  dims[axis] = Dim();
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const bool flat = !ctx.node().find_attr("axis");
  const Tensor x = flat ? ctx.input(0).reshaped({ctx.input(0).elements()}) : ctx.input(0);
  NPU_TRY(const size_t axis, normalize_axis(ctx, flat ? 0 : ctx.node().int_attr("axis", 0), x.shape().size()));
  const auto condition = ctx.input(1).data<bool>();
  std::vector<size_t> kept;
  for (size_t i = 0; i < condition.size() && i < static_cast<size_t>(x.shape()[axis]); ++i)
    if (condition[i]) kept.push_back(i);
  npu::Shape shape = x.shape();
  shape[axis] = static_cast<int64_t>(kept.size());
  Tensor y(x.dtype(), shape);
  if (y.elements() == 0) return std::vector{std::move(y)};
  const size_t block = static_cast<size_t>(row_major_strides(x.shape())[axis]) * dtype_size(x.dtype());
  const size_t plane = block * static_cast<size_t>(x.shape()[axis]);
  std::byte* to = y.mutable_bytes().data();
  for (size_t start = 0; start < x.byte_size(); start += plane)
    for (const size_t index : kept) {
      std::memcpy(to, x.bytes().data() + start + index * block, block);
      to += block;
    }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef Compress{
    .name = "Compress",
    .since = 9,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The slices along axis (or elements of the flattened input) whose condition is true",
    .arrive = Arrive::AsBits,
    .from_values = true,
};

}  // namespace npu::op
