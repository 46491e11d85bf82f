// SPDX-License-Identifier: Apache-2.0
// Feature maps that load_image_to_cbuf makes of images of bytes in device memory.
#pragma once

#include <cstdint>

#include <optional>

#include "compiler/lower/emitter.h"
#include "core/ops/detail/aipp.h"

namespace npu {

// Of all images of a batch.
struct CubeImage {
  AippSettings settings;      // with parameters that come at run time: those of images as the model takes them
  int64_t address = 0;        // of the first image
  int64_t parameters = -1;    // device address of the buffer with what comes at run time
  bool four_channels = false; // a pixel of the map is 4 fp16 values, else 16
  int64_t pad_row = -1;       // device address of one row of padding as it stands in L1, when there are rows of it

  int64_t row_bytes() const { return settings.out_w() * (four_channels ? 8 : kBlockBytes); }
};

// What the settings say is read from the parameters.
class DynamicImageLoads {
 public:
  DynamicImageLoads(Emitter& emitter, const CubeImage& image) : e_(emitter), image_(image) {}

  // As ImageLoads; `address` is the first image's + number * bytes of an image as the model takes it.
  void load(int64_t address, int64_t begin, int64_t end, int64_t l1);

 private:
  void op(Opcode opcode, int64_t xd, int64_t xn, int64_t xm, int64_t imm);
  void op(Opcode opcode, int64_t xd, int64_t xn, int64_t imm);
  void compare(int64_t xd, int64_t xn, int64_t xm, int64_t imm, CompareMode mode);
  void load_field(int64_t xd, int64_t address, int bytes);
  void set(int64_t number, int64_t value, int64_t xn);
  void load_crop(int64_t image);
  void load_padding(int64_t image);
  void set_addresses(int64_t index);
  void set_values(int64_t image);
  void set_control();
  void set_image(int64_t index);
  void find_rows(int64_t begin, int64_t end);
  void pad_row(int64_t row, int64_t l1);

  Emitter& e_;
  const CubeImage& image_;
  int64_t loaded_ = -1;
};

class ImageLoads {
 public:
  ImageLoads(Emitter& emitter, const CubeImage& image) : e_(emitter), image_(image) {
    if (image.parameters >= 0) dynamic_.emplace(emitter, image);
  }

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
  std::optional<DynamicImageLoads> dynamic_;
};

}  // namespace npu
