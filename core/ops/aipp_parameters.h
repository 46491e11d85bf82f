// SPDX-License-Identifier: Apache-2.0
// What a dynamic AIPP is told with each inference: the values that AscendCL's aclmdlSetAIPP* functions set, as a struct, and the
// buffer of the model's input 'ascend_dynamic_aipp_data' that carries them to the chip.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/graph/graph.h"
#include "core/ops/detail/aipp.h"

namespace npu {

inline constexpr std::string_view kDynamicAippData = "ascend_dynamic_aipp_data";

inline constexpr int64_t kAippHeadBytes = 64, kAippImageBytes = 96;
inline constexpr int64_t kMostAippImages = 127;  // batchNum is an int8
// Bytes of the buffer for a batch (aclmdlGetAippDataSize).
constexpr int64_t aipp_data_size(int64_t batch) { return kAippHeadBytes + batch * kAippImageBytes; }

// Of one image of the batch. Sizes in pixels.
struct AippImage {
  bool crop = false;                                            // aclmdlSetAIPPCropParams
  int64_t start_w = 0, start_h = 0, crop_w = 0, crop_h = 0;
  bool scale = false;                                           // aclmdlSetAIPPScfParams: refused when on, no chip here scales
  int64_t scale_from_w = 0, scale_from_h = 0, scale_to_w = 0, scale_to_h = 0;
  int64_t padding = 0;                                          // aclmdlSetAIPPPaddingParams: 0 off, 1 with zeros; others are refused
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  int64_t rotate = 0;                                           // refused when not 0
  std::array<int64_t, 4> mean{};                                // aclmdlSetAIPPDtcPixelMean
  std::array<uint16_t, 4> min{};                                // aclmdlSetAIPPDtcPixelMin: fp16 bits
  std::array<uint16_t, 4> var_reci{0x3c00, 0x3c00, 0x3c00, 0x3c00};  // aclmdlSetAIPPPixelVarReci: fp16 bits, 1 by default
};

// The model's side: what comes out and what the input of images holds.
struct AippTarget {
  int64_t batch = 1, channels = 3, h = 0, w = 0;
  int64_t image_bytes = 0;              // of the input (max_src_image_size)
  bool on_core = false;                 // load_image_to_cbuf does it: fields of 12 bits, two rows and columns at least
  int64_t widest_padded = 4096;         // columns, where there is padding
};

struct AippParameters {
  const AippFormat* format = nullptr;   // aclmdlSetAIPPInputFormat; none: not set
  bool csc = false;                     // aclmdlSetAIPPCscParams
  std::array<int64_t, 9> matrix{};
  std::array<int64_t, 3> in_bias{}, out_bias{};
  bool swap_rb_uv = false;              // aclmdlSetAIPPRbuvSwapSwitch
  bool swap_ax = false;                 // aclmdlSetAIPPAxSwapSwitch
  int64_t src_w = 0, src_h = 0;         // aclmdlSetAIPPSrcImageSize
  std::vector<AippImage> images;        // aclmdlCreateAIPP: one for each of the batch

  // Errors of all: InvalidArgument with the vendor's name of the field, its value and what is allowed.
  static Result<AippParameters> decode(Bytes buffer);  // of aipp_data_size(batch) bytes, reserved ones not looked at
  Result<std::vector<std::byte>> encode() const;
  // Whether the chip can make of such images what the model takes (aclmdlSetInputAIPP).
  Status check(const AippTarget& target) const;

  // Of an image of checked parameters.
  AippSettings settings(size_t image, int64_t channels) const;
};

// Images as the model takes them, as they are: what timing assumes of a dynamic AIPP, and a default.
AippParameters plain_aipp(const AippTarget& target);

// Of a node Aipp that has parameters as its second input, whose types are static.
AippTarget aipp_target(const Graph& graph, const Node& node);
inline bool is_dynamic_aipp(const Node& node) { return node.op == "Aipp" && node.inputs.size() > 1 && node.inputs[1] != kNone; }

// The largest magnitude on the way of a byte through (in - mean - min) * var_reci; min and var_reci as rounded to fp16. Chips
// differ in what follows on 65504, some saturate and others have infinity, and two roundings may add a step each: beyond
// kMostAippValue it is refused.
inline constexpr double kMostAippValue = 65440;
double largest_aipp_value(int64_t mean, double min, double var_reci);

}  // namespace npu
