// SPDX-License-Identifier: Apache-2.0
// The file of --insert_op_conf: one message aipp_op for each model input that takes images of bytes. Field names, defaults and
// ranges are the vendor's (ATC guide, AIPP configuration; insert_op.proto). Of a dynamic one all but the input and
// max_src_image_size comes with each inference.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ops/detail/aipp.h"

namespace npu {

struct AippOp {
  int line = 0;                        // of the message
  int64_t related_input_rank = 0;
  std::string related_input_name;      // "": by rank
  bool dynamic = false;
  int64_t max_src_image_size = 0;      // dynamic: bytes of all images of a batch
  const AippFormat* format = nullptr;  // none: dynamic
  int64_t src_w = 0, src_h = 0;        // 0: from the model's input
  bool csc = false, swap_rb_uv = false, swap_ax = false;
  std::array<int64_t, 9> matrix{298, 516, 0, 298, -100, -208, 298, 0, 409};
  std::array<int64_t, 3> in_bias{16, 128, 128}, out_bias{16, 128, 128};
  bool crop = false;
  int64_t start_w = 0, start_h = 0, crop_w = 0, crop_h = 0;  // sizes 0: the model's
  bool padding = false;
  int64_t left = 0, right = 0, top = 0, bottom = 0;
  double pad_value = 0;
  std::array<int64_t, 4> mean{};
  std::array<double, 4> min{}, var_reci{1, 1, 1, 1};
};

// At least one. InvalidArgument with "line N" in `where` and the field and its value in `what`.
Result<std::vector<AippOp>> parse_aipp_config(std::string_view text);

}  // namespace npu
