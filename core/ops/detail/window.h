// SPDX-License-Identifier: Apache-2.0
// The sliding window of convolutions and poolings: attributes, output sizes, padding.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/ops/op.h"

namespace npu::detail {

// The attributes all window operators share.
inline constexpr AttrDef kAutoPadAttr{"auto_pad", AttrKind::String, "NOTSET"};
inline constexpr AttrDef kDilationsAttr{"dilations", AttrKind::Ints, ""};
inline constexpr AttrDef kKernelShapeAttr{"kernel_shape", AttrKind::Ints, ""};
inline constexpr AttrDef kPadsAttr{"pads", AttrKind::Ints, ""};
inline constexpr AttrDef kStridesAttr{"strides", AttrKind::Ints, ""};

enum class AutoPad : uint8_t { NotSet, Valid, SameUpper, SameLower };

struct WindowAxis {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;

  int64_t extent() const { return (kernel - 1) * dilation + 1; }  // input positions from the first tap to the last
};

struct Window {
  std::vector<WindowAxis> axes;  // one per spatial dimension
  AutoPad auto_pad = AutoPad::NotSet;
  bool ceil_mode = false;
};

// Reads and checks the attributes; `kernel` is one size per spatial dimension. Errors name the tensor's axis
// (spatial dimension + 2).
Result<Window> read_window(const Node& node, const std::string& where, const std::vector<int64_t>& kernel, size_t max_rank = 3);

// The size of kernel_shape as the attribute gives it, or an error.
Result<std::vector<int64_t>> read_kernel_shape(const Node& node, const std::string& where, size_t spatial_rank);

// The output size along spatial dimension i; a symbol stays where the window keeps the size.
Result<Dim> window_output(const Window& window, size_t i, const Dim& input, const std::string& where);

// One dimension with everything resolved. An output position o reads inputs o * stride + k * dilation - pad.
struct PlacedAxis {
  int64_t in = 1;
  int64_t out = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad = 0;
  int64_t pad_end = 0;

  int64_t input_of(int64_t output, int64_t tap) const { return output * stride + tap * dilation - pad; }
  bool reads_input(int64_t output, int64_t tap) const {
    const int64_t i = input_of(output, tap);
    return i >= 0 && i < in;
  }
  // The outputs [first, second) whose tap lies inside of the input.
  std::pair<int64_t, int64_t> outputs_of(int64_t tap) const;
  // The taps [first, second) of an output that lie inside of the input.
  std::pair<int64_t, int64_t> taps_of(int64_t output) const;
};

// Up to three spatial dimensions; missing ones come first and have size 1.
using PlacedWindow = std::array<PlacedAxis, 3>;

inline constexpr size_t kMaxSpatialRank = 3;

// Precondition: spatial ranks are equal and at most kMaxSpatialRank, sizes are those window_output gives.
PlacedWindow place_window(const Window& window, const Shape& input, const Shape& output);

inline int64_t positions_in(const PlacedWindow& w) { return w[0].in * w[1].in * w[2].in; }
inline int64_t positions_out(const PlacedWindow& w) { return w[0].out * w[1].out * w[2].out; }
inline int64_t taps(const PlacedWindow& w) { return w[0].kernel * w[1].kernel * w[2].kernel; }

}  // namespace npu::detail
