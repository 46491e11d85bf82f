// SPDX-License-Identifier: Apache-2.0
// The vendor's file of post-training quantisation (AMCTConfig in protocol buffers' text form).
#pragma once

#include <optional>
#include <string_view>

#include "compiler/quantize/quantize.h"

namespace npu::quantize {

struct AmctConfig {
  QuantizeOptions options;  // over those given
  size_t batches = 0;       // batch_num; 0: all there are
};

// InvalidArgument with "line N" and the field where a field is not known, is given twice, has no such values, or is not offered.
// Source of fields and defaults: the vendor's public AMCT documentation, "calibration_config_onnx.proto".
Result<AmctConfig> parse_amct_config(std::string_view text, QuantizeOptions defaults = {});

}  // namespace npu::quantize
