// SPDX-License-Identifier: Apache-2.0
// Encoded images to pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace npu::detail {

struct Image {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // rows from the top, three bytes a pixel
};

// JPEG, PNG, BMP, PNM and GIF (its first frame); TIFF without compression, 8 bits a sample. WebP and JPEG 2000 are an error by
// name. At most 2^28 pixels.
Result<Image> decode_image(Bytes bytes, const std::string& where);

}  // namespace npu::detail
