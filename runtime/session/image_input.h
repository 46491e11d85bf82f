// SPDX-License-Identifier: Apache-2.0
// Photographs as model inputs.
#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace npu {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // interleaved, 3 bytes a pixel
};

// JPEG, PNG, BMP and what else stb_image reads; at most 64 megapixels. `name` appears in errors.
Result<Image> decode_image(Bytes file, const std::string& name);
// Filtered (Mitchell when smaller, Catmull-Rom when larger; no SIMD, so that all targets give the same pixels).
Result<Image> resize_image(const Image& image, int width, int height);

struct ImageInputOptions {
  std::vector<float> mean;       // of pixel / 255, one for each channel or one for all; none: 0
  std::vector<float> std;        // none: 1
  std::string layout = "NCHW";   // or NHWC
  std::string color = "RGB";     // or BGR, GRAY
};

// (pixel / 255 - mean) / std, resized to the shape's height and width and cast to dtype; uint8 inputs get the plain
// pixels. shape: 4 dims in the options' layout, batch 1 (or repeated). GRAY is the mean of BT.601 weights.
Result<Tensor> image_tensor(const Image& image, DType dtype, const Shape& shape, const ImageInputOptions& options);

}  // namespace npu
