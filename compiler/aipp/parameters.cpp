// SPDX-License-Identifier: Apache-2.0
#include "compiler/aipp/parameters.h"

#include <fmt/format.h>

#include "core/base/half.h"

namespace npu {

Result<AippParameters> aipp_parameters(const AippOp& op, const AippTarget& target) {
  const auto bad = [&](std::string what) { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", op.line), std::move(what)); };
  if (op.dynamic) return bad("aipp_mode is 'dynamic': what a run says of its images is static");
  if (op.padding && op.pad_value != 0) return bad(fmt::format("padding_value is {}: a dynamic AIPP pads with 0", op.pad_value));
  AippParameters p;
  p.format = op.format, p.csc = op.csc, p.swap_rb_uv = op.swap_rb_uv, p.swap_ax = op.swap_ax;
  if (op.csc) p.matrix = op.matrix, p.in_bias = op.in_bias, p.out_bias = op.out_bias;
  p.src_w = op.src_w == 0 ? target.w : op.src_w, p.src_h = op.src_h == 0 ? target.h : op.src_h;
  AippImage image;
  image.crop = op.crop, image.padding = op.padding;
  if (op.crop) image.start_w = op.start_w, image.start_h = op.start_h, image.crop_w = op.crop_w == 0 ? target.w : op.crop_w, image.crop_h = op.crop_h == 0 ? target.h : op.crop_h;
  if (op.padding) image.top = op.top, image.bottom = op.bottom, image.left = op.left, image.right = op.right;
  image.mean = op.mean;
  for (size_t c = 0; c < 4; ++c) image.min[c] = Half(static_cast<float>(op.min[c])).bits, image.var_reci[c] = Half(static_cast<float>(op.var_reci[c])).bits;
  p.images.assign(static_cast<size_t>(target.batch), image);
  return p;
}

}  // namespace npu
