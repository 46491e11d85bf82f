// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axes", AttrKind::Ints, ""}};

template <class Context>
Result<std::vector<size_t>> axes_of(const Context& ctx, size_t rank) {
  std::vector<size_t> axes;
  if (!ctx.node().find_attr("axes")) {
    for (size_t i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  for (const int64_t axis : ctx.node().ints_attr("axes")) {
    NPU_TRY(axes.emplace_back(), normalize_axis(ctx, axis, rank));
    if (std::ranges::count(axes, axes.back()) > 1) return ctx.error(fmt::format("axis {} is given twice", axis));
  }
  return axes;
}

TypesResult infer(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  NPU_CHECK(require_index_type(ctx, 1));
  if (!type.has_rank) return std::vector{type};
  NPU_TRY(const auto axes, axes_of(ctx, type.dims.size()));
  const auto sizes = ints_input(ctx, 1);
  if (sizes && sizes->size() != axes.size()) return ctx.error(fmt::format("shape has {} values for {} axes", sizes->size(), axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    if (sizes && (*sizes)[i] < 0) return ctx.error(fmt::format("size {} at axis {}", (*sizes)[i], axes[i]));
    type.dims[axes[i]] = sizes ? Dim((*sizes)[i]) : Dim();
  }
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  Tensor y(x.dtype(), ctx.output_shape(0));
  const npu::Shape from = row_major_strides(x.shape()), to = row_major_strides(y.shape());
  npu::Shape common;
  int64_t from_offset = 0, to_offset = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t in = x.shape()[i], out = y.shape()[i];
    common.push_back(std::min(in, out));
    if (in > out) from_offset += (in - out) / 2 * from[i];
    else to_offset += (out - in) / 2 * to[i];
  }
  const auto size = static_cast<int64_t>(dtype_size(x.dtype()));
  if (element_count(common) > 0)
    strided_copy(common, static_cast<size_t>(size), {y.mutable_bytes().data() + to_offset * size, to}, {x.bytes().data() + from_offset * size, from});
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef CenterCropPad{
    .name = "CenterCropPad",
    .since = 18,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The centre of the input cropped, or padded with zeros, to the given sizes of the axes",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
