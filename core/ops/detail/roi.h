// SPDX-License-Identifier: Apache-2.0
// What RoiAlign and MaxRoiPool share.
#pragma once

#include "core/ops/detail/parameters.h"

namespace npu::detail {

struct RoiSizes {
  int64_t height, width;  // of an output
  double scale;           // from the coordinates of the regions to those of X
};

inline Result<RoiSizes> checked_roi_sizes(const InferContext& ctx, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > 65536 || width > 65536) return ctx.error(fmt::format("outputs of {} x {}", height, width));
  return RoiSizes{height, width, ctx.node().float_attr("spatial_scale", 1.0f)};
}

// [regions, channels, height, width]; `columns` values describe a region.
inline Result<TensorType> infer_roi(const InferContext& ctx, const RoiSizes& sizes, int64_t columns) {
  const TensorType &x = ctx.input(0), &rois = ctx.input(1);
  NPU_CHECK(require_float(ctx, 0));
  NPU_CHECK(require_same_dtype(ctx, 1));
  if (x.has_rank && x.dims.size() != 4) return ctx.error(fmt::format("X is of shape {}, needs rank 4", to_string(x.dims)));
  if (rois.has_rank) {
    if (rois.dims.size() != 2) return ctx.error(fmt::format("rois is of shape {}, needs a matrix", to_string(rois.dims)));
    NPU_CHECK(unify(ctx, rois.dims[1], Dim(columns), "values of a region"));
  }
  return TensorType::of(x.dtype, Dims{rois.has_rank ? rois.dims[0] : Dim(), x.has_rank ? x.dims[1] : Dim(), Dim(sizes.height), Dim(sizes.width)});
}

inline Result<int64_t> roi_batch(const EvalContext& ctx, int64_t index) {
  if (index >= 0 && index < ctx.input(0).shape()[0]) return index;
  return ctx.error(fmt::format("a region in image {} of {}", index, ctx.input(0).shape()[0]));
}

}  // namespace npu::detail
