// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/roi.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"pooled_shape", AttrKind::Ints, "required"}, {"spatial_scale", AttrKind::Float, "1.0"}};

TypesResult infer(const InferContext& ctx) {
  const auto pooled = ctx.node().ints_attr("pooled_shape");
  if (pooled.size() != 2) return ctx.error(fmt::format("pooled_shape has {} values, needs 2", pooled.size()));
  NPU_TRY(const RoiSizes sizes, checked_roi_sizes(ctx, pooled[0], pooled[1]));
  NPU_TRY(TensorType type, infer_roi(ctx, sizes, 5));
  return std::vector{std::move(type)};
}

// The elements [first, end) of a bin of the region, inside of the image.
struct Bin {
  int64_t first, end;
};

Bin bin_of(int64_t index, double start, double size, int64_t limit) {
  const auto inside = [&](double x) { return x > 0 ? static_cast<int64_t>(std::min(x, static_cast<double>(limit))) : int64_t{0}; };
  return {inside(fixed::floor(static_cast<double>(index) * size) + start), inside(fixed::ceil(static_cast<double>(index + 1) * size) + start)};
}

// Half away from zero, as C rounds.
double rounded(double x) { return x < 0 ? -fixed::floor(0.5 - x) : fixed::floor(x + 0.5); }

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape &shape = ctx.input(0).shape(), out = ctx.output_shape(0);
  const double scale = ctx.node().float_attr("spatial_scale", 1.0f);
  const auto x = ctx.input(0).to_doubles(), rois = ctx.input(1).to_doubles();
  Tensor y(DType::Float64, out);
  double* to = y.mutable_data<double>().data();
  for (int64_t r = 0; r < out[0]; ++r) {
    const double* roi = rois.data() + r * 5;
    NPU_TRY(const int64_t image, roi_batch(ctx, roi[0] >= 0 && roi[0] < 0x1.0p31 ? static_cast<int64_t>(roi[0]) : -1));
    const double left = rounded(roi[1] * scale), top = rounded(roi[2] * scale);
    const double width = std::max(rounded(roi[3] * scale) - left + 1, 1.0), height = std::max(rounded(roi[4] * scale) - top + 1, 1.0);
    for (int64_t c = 0; c < out[1]; ++c)
      for (int64_t ph = 0; ph < out[2]; ++ph)
        for (int64_t pw = 0; pw < out[3]; ++pw) {
          const Bin rows = bin_of(ph, top, height / static_cast<double>(out[2]), shape[2]), columns = bin_of(pw, left, width / static_cast<double>(out[3]), shape[3]);
          const double* from = x.data() + (image * shape[1] + c) * shape[2] * shape[3];
          double largest = -std::numeric_limits<double>::infinity();
          for (int64_t h = rows.first; h < rows.end; ++h)
            for (int64_t w = columns.first; w < columns.end; ++w) largest = std::max(largest, from[h * shape[3] + w]);
          const bool is_empty = rows.first >= rows.end || columns.first >= columns.end;
          *to++ = is_empty ? 0 : largest;
        }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef MaxRoiPool{
    .name = "MaxRoiPool",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Each region of X divided into bins, the largest element of each",
};

}  // namespace npu::op
