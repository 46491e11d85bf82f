// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/roi.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"coordinate_transformation_mode", AttrKind::String, "half_pixel"},  // from opset 16; before as output_half_pixel
    {"mode", AttrKind::String, "avg"}, {"output_height", AttrKind::Int, "1"}, {"output_width", AttrKind::Int, "1"},
    {"sampling_ratio", AttrKind::Int, "0"}, {"spatial_scale", AttrKind::Float, "1.0"},
};

TypesResult infer(const InferContext& ctx) {
  const std::string mode = ctx.node().string_attr("mode", "avg"), corner = ctx.node().string_attr("coordinate_transformation_mode", "half_pixel");
  if (mode != "avg" && mode != "max") return ctx.error(fmt::format("mode '{}' is not known", mode));
  if (corner != "half_pixel" && corner != "output_half_pixel") return ctx.error(fmt::format("coordinate_transformation_mode '{}' is not known", corner));
  const int64_t ratio = ctx.node().int_attr("sampling_ratio", 0);
  if (ratio < 0 || ratio > 1024) return ctx.error(fmt::format("sampling_ratio is {}", ratio));
  NPU_TRY(const RoiSizes sizes, checked_roi_sizes(ctx, ctx.node().int_attr("output_height", 1), ctx.node().int_attr("output_width", 1)));
  NPU_TRY(TensorType type, infer_roi(ctx, sizes, 4));
  if (ctx.input(2).dtype != DType::Int64) return ctx.error(fmt::format("batch_indices is {}, needs int64", to_string(ctx.input(2).dtype)));
  NPU_CHECK(require_vector(ctx, 2, type.dims[0], "batch_indices"));
  return std::vector{std::move(type)};
}

// The four elements around a point and their weights; a point far outside counts for nothing.
struct Corner {
  int64_t offset;
  double weight;
};

std::array<Corner, 4> corners_of(double y, double x, int64_t height, int64_t width) {
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width))) return {};
  y = std::max(y, 0.0), x = std::max(x, 0.0);
  auto top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
  if (top >= height - 1) top = height - 1, y = static_cast<double>(top);
  if (left >= width - 1) left = width - 1, x = static_cast<double>(left);
  const int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
  const double down = y - static_cast<double>(top), across = x - static_cast<double>(left);
  return {{{top * width + left, (1 - down) * (1 - across)}, {top * width + right, (1 - down) * across},
           {bottom * width + left, down * (1 - across)}, {bottom * width + right, down * across}}};
}

struct Region {
  double top, left, bin_height, bin_width;
  int64_t rows, columns;  // samples of a bin
};

Result<Region> region_of(const EvalContext& ctx, const double* roi) {
  const bool half_pixel = ctx.opset() >= 16 && ctx.node().string_attr("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const double scale = ctx.node().float_attr("spatial_scale", 1.0f), shift = half_pixel ? 0.5 : 0;
  const npu::Shape out = ctx.output_shape(0);
  double height = (roi[3] - roi[1]) * scale, width = (roi[2] - roi[0]) * scale;
  if (!half_pixel) height = std::max(height, 1.0), width = std::max(width, 1.0);
  Region region{roi[1] * scale - shift, roi[0] * scale - shift, height / static_cast<double>(out[2]), width / static_cast<double>(out[3]), 0, 0};
  const int64_t ratio = ctx.node().int_attr("sampling_ratio", 0);
  const double rows = ratio > 0 ? static_cast<double>(ratio) : fixed::ceil(region.bin_height), columns = ratio > 0 ? static_cast<double>(ratio) : fixed::ceil(region.bin_width);
  if (!(rows < 65536 && columns < 65536 && rows * columns <= 0x1.0p20)) return ctx.error(fmt::format("a region of {} x {} elements", height, width));
  region.rows = std::max<int64_t>(0, static_cast<int64_t>(rows)), region.columns = std::max<int64_t>(0, static_cast<int64_t>(columns));
  return region;
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape &shape = ctx.input(0).shape(), out = ctx.output_shape(0);
  const bool maximum = ctx.node().string_attr("mode", "avg") == "max";
  const auto x = ctx.input(0).to_doubles(), rois = ctx.input(1).to_doubles();
  const auto images = ctx.input(2).to_ints();
  Tensor y(DType::Float64, out);
  double* to = y.mutable_data<double>().data();
  const int64_t plane = shape[2] * shape[3];
  if (plane == 0) return ctx.error(fmt::format("X of shape {} is empty", to_string(shape)));
  for (int64_t r = 0; r < out[0]; ++r) {
    NPU_TRY(const Region region, region_of(ctx, rois.data() + r * 4));
    NPU_TRY(const int64_t image, roi_batch(ctx, images[static_cast<size_t>(r)]));
    for (int64_t ph = 0; ph < out[2]; ++ph)
      for (int64_t pw = 0; pw < out[3]; ++pw) {
        std::vector<std::array<Corner, 4>> samples;
        for (int64_t i = 0; i < region.rows; ++i)
          for (int64_t j = 0; j < region.columns; ++j) {
            const double row = region.top + region.bin_height * (static_cast<double>(ph) + (static_cast<double>(i) + 0.5) / static_cast<double>(region.rows));
            const double column = region.left + region.bin_width * (static_cast<double>(pw) + (static_cast<double>(j) + 0.5) / static_cast<double>(region.columns));
            samples.push_back(corners_of(row, column, shape[2], shape[3]));
          }
        for (int64_t c = 0; c < out[1]; ++c) {
          const double* from = x.data() + (image * out[1] + c) * plane;
          double sum = 0, largest = 0;
          for (size_t s = 0; s < samples.size(); ++s) {
            double value = 0, top = -std::numeric_limits<double>::infinity();
            for (const Corner& corner : samples[s]) {
              value += corner.weight * from[corner.offset];
              top = std::max(top, corner.weight * from[corner.offset]);
            }
            sum += value;
            largest = s == 0 ? top : std::max(largest, top);  // of the weighted corners, as ONNX has it
          }
          to[((r * out[1] + c) * out[2] + ph) * out[3] + pw] = maximum ? largest : samples.empty() ? 0 : sum / static_cast<double>(samples.size());
        }
      }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef RoiAlign{
    .name = "RoiAlign",
    .since = 10,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Each region of X divided into bins, the mean or maximum of points sampled in each",
};

}  // namespace npu::op
