// SPDX-License-Identifier: Apache-2.0
// The file of atc's --compression_optimize_conf: lines `name: value`, and `calibration: { ... }` with such lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace npu::quantize {

struct CalibrationConfig {
  int line = 0;
  std::string input_data_dir;  // one path for each input, separated by commas
  std::string input_shape;     // "x:1,3,224,224;y:1,8"
  std::string config_file;     // of parse_amct_config; may be empty
  std::string infer_soc;       // the chip that computes the calibration; empty: the one compiled for
};

struct CompressionConfig {
  bool first_layer = false;    // enable_first_layer_quantization
  std::optional<CalibrationConfig> calibration;
};

// InvalidArgument with "line N" and the field. Source: the vendor's public atc documentation, --compression_optimize_conf. Values go
// to the end of their line, with or without quotes; # begins a comment.
Result<CompressionConfig> parse_compression_config(std::string_view text);

}  // namespace npu::quantize
