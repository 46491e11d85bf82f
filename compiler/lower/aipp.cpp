// SPDX-License-Identifier: Apache-2.0
// Aipp: no task of its own where one convolution reads the image, which the copy to L1 then makes of the bytes; else a product
// with the identity.
#include <fmt/format.h>

#include "compiler/lower/conv_shape.h"
#include "compiler/lower/families.h"
#include "core/base/half.h"
#include "core/ops/aipp_parameters.h"

namespace npu {
namespace {

CubeImage make_image(LowerContext& context, const Node& node, bool four_channels) {
  CubeImage image{.settings = aipp_settings(context.graph, node), .address = context.address(node.inputs[0]), .four_channels = four_channels};
  const AippSettings& s = image.settings;
  if (is_dynamic_aipp(node)) image.parameters = context.address(node.inputs[1]);
  else if (s.pad_top + s.pad_bottom == 0) return image;
  const int64_t pixel = four_channels ? 4 : 16;
  Tensor row(DType::Float16, {s.out_w(), pixel});
  for (int64_t x = 0; x < s.out_w(); ++x)
    for (int64_t c = 0; c < 3; ++c) row.mutable_data<Half>()[static_cast<size_t>(x * pixel + c)] = Half(s.pad_value);
  image.pad_row = context.add_weights(row.bytes());
  return image;
}

}  // namespace

Layout aipp_layout(const Graph&, const Node&) { return Layout::Blocks; }

std::optional<std::string> reject_aipp(const Graph& graph, const Node& node, const Soc& soc) {
  const AippSettings s = aipp_settings(graph, node);
  constexpr int64_t kMost = 4095;  // 12-bit fields
  if (s.src_w > kMost || s.h > kMost || s.top > kMost) return fmt::format("an image of {}x{} is larger than {}", s.src_h, s.src_w, kMost);
  if (s.src_h < 2 || s.w < 2) return fmt::format("{} columns of an image of {} rows: load_image_to_cbuf takes two at least", s.w, s.src_h);
  if (s.left % s.format->even_w != 0) return fmt::format("column {} of {} to begin with", s.left, s.format->name);
  return reject_lone_image(s, soc);
}

Status lower_aipp(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const bool small = graph.value(node.outputs[0]).format == Format::NC1HWC0_C04;
  if (spec.nodes.size() == 1) {
    if (small) return fail(ErrorKind::CompileLimit, "", "an image of four channels stands alone");
    const int64_t batch = to_shape(graph.value(node.outputs[0]).type.dims)[0];
    return lower_image(context, make_image(context, node, false), batch, context.address(node.outputs[0]), task);
  }
  const TaskSpec conv{{spec.nodes.begin() + 1, spec.nodes.end()}, spec.inputs, spec.outputs};
  return lower_image_conv(context, conv, make_image(context, node, small), task);
}

}  // namespace npu
