// SPDX-License-Identifier: Apache-2.0
// Feature maps that load_image_to_cbuf makes of images of bytes in device memory.
#pragma once

#include <cstdint>

#include "compiler/lower/emitter.h"
#include "core/ops/detail/aipp.h"

namespace npu {

// Of all images of a batch.
struct CubeImage {
  AippSettings settings;
  int64_t address = 0;        // of the first image
  bool four_channels = false; // a pixel of the map is 4 fp16 values, else 16
  int64_t pad_row = -1;       // device address of one row of padding as it stands in L1, when there are rows of it

  int64_t row_bytes() const { return settings.out_w() * (four_channels ? 8 : kBlockBytes); }
};

class ImageLoads {
 public:
  ImageLoads(Emitter& emitter, const CubeImage& image) : e_(emitter), image_(image) {}

  // Rows [begin, end) of the map of the image at `address`, row `begin` at l1. One row before it and one behind the last may be
  // overwritten: u and v of YUV420SP belong to two rows, and the instruction takes two rows at least.
  void load(int64_t address, int64_t begin, int64_t end, int64_t l1);

 private:
  void set(int64_t number, uint64_t value);
  void set_registers();
  void set_image(int64_t address);

  Emitter& e_;
  const CubeImage& image_;
  int64_t loaded_ = -1;  // address of the image that the registers name
};

}  // namespace npu
