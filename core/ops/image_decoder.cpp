// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/image.h"
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"pixel_format", AttrKind::String, "RGB"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (x.dtype != DType::UInt8) return ctx.error(fmt::format("input 0 is {}, needs uint8", to_string(x.dtype)));
  if (x.has_rank && x.dims.size() != 1) return ctx.error(fmt::format("input 0 is of shape {}, needs a vector", to_string(x.dims)));
  const std::string format = ctx.node().string_attr("pixel_format", "RGB");
  if (format != "RGB" && format != "BGR" && format != "Grayscale") return ctx.error(fmt::format("pixel_format '{}' is not known", format));
  return std::vector{TensorType::of(DType::UInt8, Dims{Dim(), Dim(), Dim(format == "Grayscale" ? 1 : 3)})};
}

TensorsResult reference(const EvalContext& ctx) {
  const std::string format = ctx.node().string_attr("pixel_format", "RGB");
  auto image = decode_image(ctx.input(0).bytes(), ctx.where());
  if (!image) return std::unexpected(image.error());
  Tensor y(DType::UInt8, {image->height, image->width, format == "Grayscale" ? 1 : 3});
  const auto to = y.mutable_data<uint8_t>();
  for (size_t i = 0; i < image->rgb.size() / 3; ++i) {
    const uint8_t *from = image->rgb.data() + 3 * i;
    if (format == "RGB") std::copy_n(from, 3, to.begin() + static_cast<std::ptrdiff_t>(3 * i));
    else if (format == "BGR") std::reverse_copy(from, from + 3, to.begin() + static_cast<std::ptrdiff_t>(3 * i));
    else to[i] = static_cast<uint8_t>((19595u * from[0] + 38470u * from[1] + 7471u * from[2] + 0x8000u) >> 16);  // BT.601 luma
  }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef ImageDecoder{
    .name = "ImageDecoder",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The pixels [height, width, channels] of an encoded image: JPEG, PNG, BMP, PNM, GIF or uncompressed TIFF",
    .from_values = true,
};

}  // namespace npu::op
