// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/image_input.h"

#include <fmt/format.h>
#include <stb_image.h>
#include <stb_image_resize2.h>

#include <algorithm>
#include <memory>

namespace npu {
namespace {

constexpr int64_t kMostPixels = 64 << 20;

float gray(const uint8_t* rgb) { return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]; }

Result<float> channel_value(const std::vector<float>& values, size_t channel, size_t channels, float fallback, const char* what) {
  if (values.empty()) return fallback;
  if (values.size() == 1) return values[0];
  if (values.size() == channels) return values[channel];
  return fail(ErrorKind::InvalidArgument, what, fmt::format("{} values for {} channels", values.size(), channels));
}

}  // namespace

Result<Image> decode_image(Bytes file, const std::string& name) {
  int width = 0, height = 0, channels = 0;
  const auto* data = reinterpret_cast<const stbi_uc*>(file.data());
  const int size = static_cast<int>(std::min<size_t>(file.size(), INT32_MAX));
  if (stbi_info_from_memory(data, size, &width, &height, &channels) == 0)
    return fail(ErrorKind::InvalidArgument, name, fmt::format("is not an image this can read ({} bytes): {}", file.size(), stbi_failure_reason()));
  if (int64_t{width} * height > kMostPixels)
    return fail(ErrorKind::InvalidArgument, name, fmt::format("{}x{} pixels exceed {} megapixels", width, height, kMostPixels >> 20));
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(stbi_load_from_memory(data, size, &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) return fail(ErrorKind::InvalidArgument, name, fmt::format("is damaged: {}", stbi_failure_reason()));
  return Image{width, height, std::vector<uint8_t>(pixels.get(), pixels.get() + int64_t{width} * height * 3)};
}

Result<Image> resize_image(const Image& image, int width, int height) {
  if (width < 1 || height < 1 || int64_t{width} * height > kMostPixels || image.width < 1 || image.height < 1)
    return fail(ErrorKind::InvalidArgument, "image", fmt::format("cannot resize {}x{} to {}x{}", image.width, image.height, width, height));
  if (width == image.width && height == image.height) return image;
  Image result{width, height, std::vector<uint8_t>(static_cast<size_t>(int64_t{width} * height * 3))};
  if (stbir_resize_uint8_linear(image.rgb.data(), image.width, image.height, 0, result.rgb.data(), width, height, 0, STBIR_RGB) == nullptr)
    return fail(ErrorKind::InvalidArgument, "image", fmt::format("resizing {}x{} to {}x{} ran out of memory", image.width, image.height, width, height));
  return result;
}

Result<Tensor> image_tensor(const Image& image, DType dtype, const Shape& shape, const ImageInputOptions& options) {
  const bool nhwc = options.layout == "NHWC";
  if (!nhwc && options.layout != "NCHW") return fail(ErrorKind::InvalidArgument, "layout", "'" + options.layout + "' is neither NCHW nor NHWC");
  if (shape.size() != 4) return fail(ErrorKind::InvalidArgument, "image", "an image cannot fill an input of shape " + to_string(shape));
  const size_t channels = static_cast<size_t>(shape[nhwc ? 3 : 1]);
  const int64_t height = shape[nhwc ? 1 : 2], width = shape[nhwc ? 2 : 3];
  const bool is_gray = options.color == "GRAY" || channels == 1, bgr = options.color == "BGR";
  if (!is_gray && options.color != "RGB" && !bgr) return fail(ErrorKind::InvalidArgument, "color", "'" + options.color + "' is not RGB, BGR or GRAY");
  if (channels != (is_gray ? 1u : 3u))
    return fail(ErrorKind::InvalidArgument, "image", fmt::format("{} pixels for an input of {} channels ({})", options.color, channels, to_string(shape)));
  NPU_TRY(const Image scaled, resize_image(image, static_cast<int>(std::min<int64_t>(width, INT32_MAX)), static_cast<int>(std::min<int64_t>(height, INT32_MAX))));

  Tensor tensor(DType::Float32, shape);
  const auto values = tensor.mutable_data<float>();
  const auto pixels = static_cast<size_t>(width * height);
  for (size_t c = 0; c < channels; ++c) {
    NPU_TRY(const float mean, channel_value(options.mean, c, channels, 0, "mean"));
    NPU_TRY(const float deviation, channel_value(options.std, c, channels, 1, "std"));
    for (size_t i = 0; i < pixels; ++i) {
      const uint8_t* rgb = &scaled.rgb[i * 3];
      const float pixel = is_gray ? gray(rgb) : static_cast<float>(rgb[bgr ? 2 - c : c]);
      const float value = dtype == DType::UInt8 ? pixel : (pixel / 255.0f - mean) / deviation;
      values[nhwc ? i * channels + c : c * pixels + i] = value;
    }
  }
  for (int64_t n = 1; n < shape[0]; ++n) std::copy_n(values.begin(), channels * pixels, values.begin() + n * static_cast<int64_t>(channels * pixels));
  return tensor.cast(dtype);
}

}  // namespace npu
