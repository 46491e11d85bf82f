// SPDX-License-Identifier: Apache-2.0
// What a convolution node says, and the cube's view of it.
#pragma once

#include <numeric>

#include "compiler/lower/cube.h"
#include "compiler/lower/rule.h"

namespace npu {

// Groups are packed until they fill whole blocks of C0 channels on both sides (public FRACTAL_Z group layout).
struct ConvShape {
  int64_t batch, cin, h, w, cout, kh, kw, groups;
  int64_t sh, sw, dh, dw, pt, pl, pb, pr, ho, wo;
  int64_t c0 = 16;
  bool small = false;  // the input is NC1HWC0_C04

  // Groups that go together, and the padded channels of such a pack.
  int64_t pack() const {
    const int64_t in = cin / groups, out = cout / groups;
    return std::min(groups, std::lcm(std::lcm(in, c0) / in, std::lcm(out, c0) / out));
  }
  int64_t packs() const { return ceil_div(groups, pack()); }
  int64_t pack_in() const { return align_up(pack() * cin / groups, c0); }
  int64_t pack_out() const { return align_up(pack() * cout / groups, c0); }
};

// Of Conv and QLinearConv.
ConvShape conv_shape(const Graph& graph, const Node& node);
// Shapes, strides and sizes that the cube's fields cannot hold.
std::optional<std::string> reject_conv_shape(const Graph& graph, const Node& node, const Soc& soc);
// Why the convolution is no single product with all its groups (but two, of whole packs and of what is left), or nullopt.
std::optional<std::string> reject_single_part(const Graph& graph, const Node& conv);
// The product of such a task, its epilogue attached.
Result<CubeTask> conv_task(LowerContext& context, const TaskSpec& spec);
// Multiply-accumulates.
int64_t conv_macs(const ConvShape& shape);
// One item for each image and pack of groups; weights: device address of [packs][c1][kh][kw][n1][16 n][C0], small: [kh*kw*4/C0][n1][16 n][C0/4 taps][4].
void add_conv_items(const LowerContext& context, const Node& node, const ConvShape& shape, int64_t weights, CubeTask& task);

// A convolution whose feature map the image becomes on its way into L1. spec begins with the convolution.
Status lower_image_conv(LowerContext& context, const TaskSpec& spec, const CubeImage& image, Task& task);
// The image itself, as a convolution with the identity: [N, channels, h, w] as NC1HWC0 at `result`.
Status lower_image(LowerContext& context, const CubeImage& image, int64_t batch, int64_t result, Task& task);
std::optional<std::string> reject_lone_image(const AippSettings& settings, const Soc& soc);

}  // namespace npu
