// SPDX-License-Identifier: Apache-2.0
// Resampling of a tensor along its dimensions, one after another: what Resize and Upsample do.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/tensor.h"

namespace npu::detail {

enum class ResizeMode : uint8_t { Nearest, Linear, Cubic };

// How an output coordinate becomes an input coordinate; the names are ONNX's.
enum class Coordinates : uint8_t {
  HalfPixel, HalfPixelSymmetric, PytorchHalfPixel, AlignCorners, Asymmetric, TfHalfPixelForNn, TfCropAndResize,
};

// Simple is what Upsample and Resize of opset 10 do: down when enlarging, up when shrinking.
enum class NearestMode : uint8_t { RoundPreferFloor, RoundPreferCeil, Floor, Ceil, Simple };

struct ResizeAxis {
  int64_t in = 1;
  int64_t out = 1;
  float scale = 1;
  float roi_start = 0;  // of TfCropAndResize, as a fraction of the input
  float roi_end = 1;
  bool from_scale = false;  // out was made of scale, not the other way
  bool keeps = true;      // the output is of the input's size, known or not
};

struct ResizePlan {
  std::vector<ResizeAxis> axes;  // one per dimension
  ResizeMode mode = ResizeMode::Nearest;
  Coordinates coordinates = Coordinates::HalfPixel;
  NearestMode nearest = NearestMode::RoundPreferFloor;
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation = 0;  // value for coordinates outside of the input with TfCropAndResize
};

// Coordinates are computed in float, as the scales are; weights and sums in double, rounded once per dimension.
// Precondition: axes agree with the shape, no dimension is empty, every scale is positive.
Tensor resize(const Tensor& input, const ResizePlan& plan);

}  // namespace npu::detail
